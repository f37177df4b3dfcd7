// A deck may be enlarged like any other page.
addEventListener("load", () => {
  for (const view of document.querySelectorAll("meta[name=viewport]"))
    view.content = "width=device-width, initial-scale=1";
});
