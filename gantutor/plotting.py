"""Every figure of the series, each with a description in words.

Each function returns a Matplotlib figure whose `description` says what is to be seen.
Jupyter shows it as the alternative text of the picture, and as its text where there is no
picture. What was drawn is described here. What it means stands in `descriptions.toml` under
the title of the figure, so that the code of a notebook does not give an answer away before
the picture does. Groups differ by marker or line style as well as by colour.
"""

import base64
import html
import io
import itertools
import tomllib
from collections import ChainMap
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from typing import Any

import matplotlib as mpl
import numpy as np
from cycler import cycler
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

# Okabe and Ito 2008, without yellow: told apart by readers who are colour-blind
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#000000")
COLOUR_NAMES = ("blue", "orange", "green", "pink", "light blue", "black")
MARKERS = ("o", "x", "^", "s", "+", "D")
MARKER_NAMES = ("circles", "crosses", "triangles", "squares", "plus signs", "diamonds")
LINES = ("-", "--", ":", "-.", (0, (5, 1)), (0, (1, 1)))
LINE_NAMES = ("solid", "dashed", "dotted", "dash-dotted", "long-dashed", "fine-dotted")
HATCHES = ("", "//", "..", "\\\\", "xx", "--")

_TOML = files("gantutor").joinpath("descriptions.toml").read_text(encoding="utf-8")
DESCRIPTIONS: ChainMap[str, str] = ChainMap(*tomllib.loads(_TOML).values())


def use_style() -> None:
    """Set Matplotlib's defaults to the look of the series (`setup` does this)."""
    colours = cycler(color=COLOURS)
    mpl.rc("axes", prop_cycle=colours, titlesize=10, grid=True, axisbelow=True)
    mpl.rc("axes.spines", top=False, right=False)
    mpl.rc("figure", dpi=90)
    mpl.rc("grid", alpha=0.3)
    mpl.rc("image", cmap="viridis")
    mpl.rc("legend", fontsize=9)


class DescribedFigure(Figure):
    """A Matplotlib figure that says in words what it shows.

    Attributes
    ----------
    description : str
        Alternative text: read by screen readers, kept in the notebook beside the picture.
    """

    description = ""

    def _repr_mimebundle_(
        self, include: Any = None, exclude: Any = None
    ) -> dict[str, str]:
        buffer = io.BytesIO()
        self.savefig(buffer, format="png", dpi=self.dpi)
        png = base64.b64encode(buffer.getvalue()).decode("ascii")
        alt = html.escape(self.description, quote=True)
        return {
            "image/png": png,
            "text/html": f'<img alt="{alt}" src="data:image/png;base64,{png}">',
            "text/plain": self.description,
        }


def figure(
    rows: int = 1,
    columns: int = 1,
    size: tuple[float, float] = (6.0, 3.4),
    title: str = "",
    **options: Any,
) -> tuple[DescribedFigure, NDArray[Any]]:
    """An empty described figure, for a picture of your own.

    Parameters
    ----------
    rows, columns : int, default=1
        Number of panels.
    size : (width, height), default=(6.0, 3.4)
        In inches.
    title : str, optional
        Drawn above all panels.
    **options
        Passed on to ``Figure.subplots``.

    Returns
    -------
    fig : DescribedFigure
        Set its `description`, if `descriptions.toml` has none for this title.
    axes : array of Axes of shape (rows, columns)
    """
    fig = DescribedFigure(figsize=size, layout="constrained")
    FigureCanvasAgg(fig)  # without pyplot: nothing is left open, nothing shown twice
    fig.suptitle(title, fontsize=10)
    _described(fig, title, "")
    return fig, fig.subplots(rows, columns, squeeze=False, **options)


def samples(
    groups: Mapping[str, ArrayLike],
    labels: tuple[str, str] = ("feature 0", "feature 1"),
    title: str = "",
) -> DescribedFigure:
    """Scatter plot of the first two columns of one or more groups of rows.

    Parameters
    ----------
    groups : mapping of str to array of shape (n, >= 2)
        Rows by the name of their group, such as {"real": ..., "generated": ...}.
    labels : (str, str)
        Names of the two axes.
    title : str, optional
        Drawn above the picture. `descriptions.toml` says what it means.

    Returns
    -------
    DescribedFigure
    """
    _check_number(groups)
    fig, [[ax]] = figure(size=(5.0, 3.8))
    style: dict[str, Any] = {"s": 12, "alpha": 0.6, "linewidth": 0.8}
    said = []
    for i, (name, rows) in enumerate(groups.items()):
        x, y = np.asarray(rows).T[:2]
        ax.scatter(x, y, marker=MARKERS[i], color=COLOURS[i], label=name, **style)
        said.append(f"{len(x)} {name} rows ({COLOUR_NAMES[i]} {MARKER_NAMES[i]})")
    ax.set(xlabel=labels[0], ylabel=labels[1], title=title)
    ax.legend()
    drawn = f"Scatter plot of {labels[1]} against {labels[0]}: {', '.join(said)}."
    return _described(fig, title, drawn)


def loss_history(history: Mapping[str, ArrayLike], title: str = "") -> DescribedFigure:
    """Losses against training steps, one line a loss.

    Parameters
    ----------
    history : mapping of str to array of shape (n_steps,)
        A detector's `history_`, or what `training.train` returns.
    title : str, optional
        Drawn above the picture. `descriptions.toml` says what it means.

    Returns
    -------
    DescribedFigure
    """
    steps = np.arange(1, 1 + len(np.asarray(next(iter(history.values())))))
    curves = {f"{name} loss": values for name, values in history.items()}
    return lines(steps, curves, ("training step", "loss"), title)


def lines(
    x: ArrayLike,
    curves: Mapping[str, ArrayLike],
    labels: tuple[str, str],
    title: str = "",
) -> DescribedFigure:
    """Curves over a common x axis.

    Parameters
    ----------
    x : array of shape (n,)
    curves : mapping of str to array of shape (n,)
        Values by the name of the curve.
    labels : (str, str)
        Names of the two axes.
    title : str, optional
        Drawn above the picture. `descriptions.toml` says what it means.

    Returns
    -------
    DescribedFigure
    """
    _check_number(curves)
    fig, [[ax]] = figure()
    ax.set_prop_cycle(color=COLOURS, linestyle=LINES)
    if np.size(x) <= 20:  # show measured points
        ax.set_prop_cycle(color=COLOURS, linestyle=LINES, marker=MARKERS)
    for name, y in curves.items():
        ax.plot(x, np.asarray(y), label=name)
    ax.set(xlabel=labels[0], ylabel=labels[1], title=title)
    ax.legend()
    names = zip(curves, LINE_NAMES, COLOUR_NAMES, strict=False)
    said = ", ".join(f"{name} ({line}, {colour})" for name, line, colour in names)
    drawn = f"Line plot of {labels[1]} against {labels[0]}: {said}."
    return _described(fig, title, drawn)


def score_histogram(
    groups: Mapping[str, ArrayLike],
    threshold: float | None = None,
    xlabel: str = "anomaly score",
    title: str = "",
) -> DescribedFigure:
    """Histogram of the scores of one or more groups, with the threshold.

    Parameters
    ----------
    groups : mapping of str to array of shape (n,)
        Scores by the name of their group. Each group's bars add up to 100 %.
    threshold : float, optional
        Drawn as a vertical line.
    xlabel : str, default="anomaly score"
        Name of the x axis.
    title : str, optional
        Drawn above the picture. `descriptions.toml` says what it means.

    Returns
    -------
    DescribedFigure
    """
    _check_number(groups)
    fig, [[ax]] = figure()
    arrays = {name: np.asarray(scores, dtype=float) for name, scores in groups.items()}
    edges = np.histogram_bin_edges(np.concatenate(list(arrays.values())), bins=40)
    for i, (name, scores) in enumerate(arrays.items()):
        ax.hist(
            scores,
            edges,
            weights=np.full(len(scores), 100 / len(scores)),
            alpha=0.55,
            color=COLOURS[i],
            edgecolor="white",
            linewidth=0.3,
            hatch=HATCHES[i],
            label=f"{name} ({len(scores)})",
        )
    line = ""
    if threshold is not None:
        ax.axvline(threshold, color="black", linestyle="--", label="threshold")
        line = " A dashed vertical line marks the threshold."
    ax.set(xlabel=xlabel, ylabel="share of the group (%)", title=title)
    ax.legend()
    counts = ", ".join(f"{len(scores)} {name}" for name, scores in arrays.items())
    return _described(fig, title, f"Histogram of {xlabel}: {counts}.{line}")


def decision_surface(
    score: Callable[[NDArray[np.float32]], ArrayLike],
    groups: Mapping[str, ArrayLike],
    extent: float = 4.0,
    colour_label: str = "anomaly score",
    title: str = "",
) -> DescribedFigure:
    """A score of two features as a map, with rows on it.

    Parameters
    ----------
    score : callable
        Maps rows of shape (n, 2) to scores of shape (n,).
    groups : mapping of str to array of shape (n, 2)
        Rows by the name of their group, three groups at most.
    extent : float, default=4.0
        The map reaches from -extent to +extent on both axes.
    colour_label : str, default="anomaly score"
        Name of the colour scale.
    title : str, optional
        Drawn above the picture. `descriptions.toml` says what it means.

    Returns
    -------
    DescribedFigure
    """
    _check_number(groups, most=3)
    fig, [[ax]] = figure(size=(5.4, 4.2))
    side = np.linspace(-extent, extent, 81, dtype=np.float32)
    grid = np.stack(np.meshgrid(side, side), axis=-1)  # (81, 81, 2)
    values = np.asarray(score(grid.reshape(-1, 2))).reshape(len(side), len(side))
    surface = ax.contourf(side, side, values, levels=20)
    fig.colorbar(surface, ax=ax, label=colour_label)
    style: dict[str, Any] = {"edgecolor": "black", "linewidth": 0.4}
    signs = (
        ("circles", {"s": 14, "marker": "o", "color": "white"}),
        ("crosses", {"s": 40, "marker": "X", "color": COLOURS[1]}),
        ("triangles", {"s": 40, "marker": "^", "color": COLOURS[3]}),
    )
    said = []
    for (name, rows), (sign, own) in zip(groups.items(), signs, strict=False):
        points = np.asarray(rows)
        ax.scatter(*points.T[:2], label=name, **style, **own)
        said.append(f"{len(points)} {name} ({sign})")
    square = (-extent, extent)
    ax.set(xlabel="feature 0", ylabel="feature 1", title=title)
    ax.set(xlim=square, ylim=square)
    ax.legend(loc="lower right", facecolor="lightgray")
    drawn = (
        f"Map of the {colour_label} over two features from {-extent:g} to {extent:g}, from "
        f"dark blue (low) to yellow (high), with {', '.join(said)}."
    )
    return _described(fig, title, drawn)


def frames(
    snapshots: Mapping[str, ArrayLike],
    data: ArrayLike,
    extent: float = 3.0,
    title: str = "",
) -> DescribedFigure:
    """The frames of an animation side by side: generated rows on the data.

    Parameters
    ----------
    snapshots : mapping of str to array of shape (n, 2)
        Generated rows by the title of their panel, such as "step 100".
    data : array of shape (m, 2)
        Real rows, drawn in every panel.
    extent : float, default=3.0
        Each panel reaches from -extent to +extent on both axes.
    title : str, optional
        Drawn above the picture. `descriptions.toml` says what it means.

    Returns
    -------
    DescribedFigure
    """
    columns = len(snapshots) if len(snapshots) < 5 else -(-len(snapshots) // 2)
    rows = -(-len(snapshots) // columns)
    fig, axes = figure(
        rows, columns, size=(2.2 * columns, 2.3 * rows + 0.3), sharex=True, sharey=True
    )
    style: dict[str, Any] = {"s": 5, "marker": "x", "linewidth": 0.7}
    for ax, (name, made) in zip(axes.flat, snapshots.items(), strict=False):
        ax.scatter(*np.asarray(data).T[:2], s=4, color="lightgray", label="data")
        made = np.asarray(made).T[:2]
        ax.scatter(*made, color=COLOURS[1], label="generated", **style)
        ax.set(title=name, xlim=(-extent, extent), ylim=(-extent, extent))
    for ax in axes.flat[len(snapshots) :]:
        ax.set_axis_off()
    axes[0, 0].legend(loc="upper left", fontsize=7, markerscale=2)
    fig.suptitle(title)
    panels = f"{len(snapshots)} panels ({', '.join(snapshots)})"
    drawn = f"{panels}: generated rows (orange crosses) on the data (gray dots)."
    return _described(fig, title, drawn)


def images(
    pictures: Mapping[str, ArrayLike | Mapping[str, ArrayLike]], title: str = ""
) -> DescribedFigure:
    """Rows of small gray images, one labelled row a group.

    Parameters
    ----------
    pictures : mapping of str to array of shape (n, height, width) or (..., 1)
        Images by the name of their row; one gray scale for each row. A row may also be a
        mapping of such arrays: blocks side by side with a gap between them, their names
        above the first row.
    title : str, optional
        Drawn above the picture. `descriptions.toml` says what it means.

    Returns
    -------
    DescribedFigure
    """
    rows: dict[str, Mapping[str, Any]] = {
        name: group if isinstance(group, Mapping) else {"": group}
        for name, group in pictures.items()
    }
    counts = [[len(part) for part in blocks.values()] for blocks in rows.values()]
    widths = [max(column) for column in itertools.zip_longest(*counts, fillvalue=0)]
    ratios = [ratio for n in widths for ratio in [1.0] * n + [0.4]][:-1]
    fig, axes = figure(
        len(rows),
        len(ratios),
        size=(0.8 * sum(ratios) + 1, 1.05 * len(rows) + 0.2),
        width_ratios=ratios,
    )
    fig.get_layout_engine().set(w_pad=0.02, h_pad=0.1)  # type: ignore[union-attr,call-arg]
    for ax in axes.flat:
        ax.set(xticks=[], yticks=[], facecolor="none")
        ax.spines[:].set_visible(False)
    starts = np.cumsum([0, *(n + 1 for n in widths)])
    said = []
    for i, (name, blocks) in enumerate(rows.items()):
        axes[i, 0].set_ylabel(name, rotation=0, ha="right", va="center")
        low, high = min(map(np.min, blocks.values())), max(map(np.max, blocks.values()))
        for start, (block, part) in zip(starts, blocks.items(), strict=False):
            for ax, picture in zip(axes[i, start:], part, strict=False):
                ax.imshow(picture, cmap="gray", vmin=low, vmax=high)
                ax.spines[:].set(visible=True, color="gray")  # a white rim is seen
            said.append(f"{len(part)} {name}" + (f" ({block})" if block else ""))
            if i == 0:
                axes[0, start].set_title(block, loc="left")
    fig.suptitle(title)
    drawn = f"Small gray images in rows: {', '.join(said)}."
    return _described(fig, title, drawn)


def dots(
    groups: Mapping[str, ArrayLike],
    xlabel: str,
    reference: tuple[str, float] | None = None,
    title: str = "",
) -> DescribedFigure:
    """One dot a value, one line of dots a group: results over seeds as they are.

    Parameters
    ----------
    groups : mapping of str to array of shape (n,)
        Values by the name of their group. Dots are set off upwards and downwards, so that
        equal values are seen.
    xlabel : str
        Name of the x axis.
    reference : (str, float), optional
        Name and value of a vertical line.
    title : str, optional
        Drawn above the picture. `descriptions.toml` says what it means.

    Returns
    -------
    DescribedFigure
    """
    fig, [[ax]] = figure(size=(6.5, 0.45 * len(groups) + 1.4))
    for i, values in enumerate(groups.values()):
        points = np.atleast_1d(np.asarray(values, dtype=float))
        spread = (0.618 * np.arange(len(points)) + 0.5) % 1 - 0.5  # equal values apart
        ax.plot(points, i + spread / 2, "o", alpha=0.6, color=COLOURS[0])
    line = ""
    if reference is not None:
        ax.axvline(reference[1], color="gray", linestyle="--")
        ax.text(reference[1], -0.75, f" {reference[0]}", color="dimgray", fontsize=8)
        line = f" A dashed vertical line marks {reference[0]}."
    ax.set(xlabel=xlabel, title=title, ylim=(len(groups) - 0.5, -0.95))
    ax.set_yticks(range(len(groups)), list(groups))
    drawn = f"Dots of {xlabel}, one line a group ({', '.join(groups)}).{line}"
    return _described(fig, title, drawn)


def diagram(
    boxes: Mapping[str, tuple[float, float]],
    arrows: Sequence[tuple[str, str, str]],
    title: str = "",
) -> DescribedFigure:
    """Boxes and arrows: what goes where in a method, and who learns from what.

    Parameters
    ----------
    boxes : mapping of str to (column, row)
        Place of each box by its text, in a grid whose rows are counted from the top.
    arrows : sequence of (from, to, text)
        Between boxes that are named by their texts. An arrow whose text begins with
        "learns" is dashed and orange: what a network is corrected by.
    title : str, optional
        Drawn above the picture. `descriptions.toml` says what it means.

    Returns
    -------
    DescribedFigure
    """
    columns, rows = (1 + max(place[i] for place in boxes.values()) for i in (0, 1))
    fig, [[ax]] = figure(size=(1.9 * columns, 1.1 * rows + 0.4))
    ax.set(xlim=(-0.55, columns - 0.45), ylim=(rows - 0.4, -0.6), title=title)
    ax.set_axis_off()
    frame = {"boxstyle": "round,pad=0.5", "facecolor": "#eef3f8", "edgecolor": "black"}
    white = {"facecolor": "white", "edgecolor": "none", "pad": 1}
    centred: dict[str, Any] = {"ha": "center", "va": "center"}
    drawn = {
        text: ax.text(*place, text, fontsize=9, bbox=frame, **centred)
        for text, place in boxes.items()
    }
    for start, end, text in arrows:
        learns = text.startswith("learns")
        line, colour = ("--", COLOURS[1]) if learns else ("-", "black")
        pair = {(start, end), (end, start)} <= {arrow[:2] for arrow in arrows}
        bend = 0.35 if pair else 0.0
        style = {
            "arrowstyle": "-|>",
            "linestyle": line,
            "color": colour,
            "connectionstyle": f"arc3,rad={bend}",
            "patchA": drawn[start].get_bbox_patch(),
            "patchB": drawn[end].get_bbox_patch(),
            "shrinkA": 2,
            "shrinkB": 2,
        }
        ax.annotate("", boxes[end], boxes[start], arrowprops=style)
        (x0, y0), (x1, y1) = boxes[start], boxes[end]
        x = (x0 + x1 - bend * (y1 - y0)) / 2  # the middle of the arrow
        y = (y0 + y1 + bend * (x1 - x0)) / 2
        ax.text(x, y, text, fontsize=8, color=colour, bbox=white, **centred)
    said = "; ".join(
        f"{start} to {end}" + (f" ({text})" if text else "")
        for start, end, text in arrows
    ).replace("\n", " ")
    return _described(fig, title, f"Boxes and arrows: {said}.")


def _check_number(groups: Mapping[str, ArrayLike], most: int = len(COLOURS)) -> None:
    if len(groups) > most:
        raise ValueError(
            f"There are {len(groups)} groups, but readers can tell at most {most} apart in "
            "this picture. Draw some of them in a second one."
        )


def _described(fig: DescribedFigure, title: str, drawn: str) -> DescribedFigure:
    meaning = DESCRIPTIONS.get(title, "")
    fig.description = " ".join(
        part for part in (title and f"{title}.", drawn, meaning) if part
    )
    return fig
