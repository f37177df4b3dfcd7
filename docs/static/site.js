// What scrolls by itself can be scrolled from the keyboard; captions say their level.
addEventListener("load", () => {
  for (const box of document.querySelectorAll("div.math, .table-wrapper, pre, .text_html"))
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
  for (const caption of document.querySelectorAll("[role=heading]"))
    caption.ariaLevel = 2;
});
