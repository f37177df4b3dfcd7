"""Every figure says in words what it shows, and nothing is left open or unlabelled."""

import base64
import json
import tomllib
from html.parser import HTMLParser
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot as plt

from gantutor import plotting

ROOT = Path(__file__).parent.parent
RNG = np.random.default_rng(0)
CLOUD = RNG.standard_normal((30, 2))
SCORES = RNG.random(30)
Y = np.repeat([0, 1], 15)

FIGURES = {
    "samples": (
        lambda **text: plotting.samples({"real": CLOUD, "made": CLOUD[:7]}, **text),
        [
            "30 real",
            "7 made",
            "blue circles",
            "orange crosses",
            "feature 0",
            "feature 1",
        ],
    ),
    "loss_history": (
        lambda **text: plotting.loss_history(
            {"critic": SCORES, "generator": SCORES}, **text
        ),
        [
            "critic loss (solid, blue)",
            "generator loss (dashed, orange)",
            "training step",
        ],
    ),
    "lines": (
        lambda **text: plotting.lines(
            [1, 2], {"a": [1, 2], "b": [2, 1]}, ("x", "y"), **text
        ),
        ["y against x", "a (solid", "b (dashed"],
    ),
    "score_histogram": (
        lambda **text: plotting.score_histogram(
            {"in": SCORES, "out": SCORES[:4]}, 0.5, **text
        ),
        ["30 in", "4 out", "threshold", "anomaly score"],
    ),
    "decision_surface": (
        lambda **text: plotting.decision_surface(
            lambda x: x.sum(axis=1), {"seen": CLOUD, "new": CLOUD[:5]}, 2.5, **text
        ),
        ["30 seen (circles)", "5 new (crosses)", "-2.5 to 2.5", "anomaly score"],
    ),
    "frames": (
        lambda **text: plotting.frames(
            {f"step {i}": CLOUD for i in range(5)}, CLOUD, **text
        ),
        ["5 panels", "step 0", "step 4"],
    ),
    "images": (
        lambda **text: plotting.images(
            {"normal": RNG.random((3, 8, 8)), "odd": RNG.random((2, 8, 8, 1))}, **text
        ),
        ["3 normal", "2 odd"],
    ),
    "dots": (
        lambda **text: plotting.dots(
            {"a": SCORES, "b": 0.5}, "AUROC", ("a coin", 0.5), **text
        ),
        ["AUROC", "a, b", "a coin"],
    ),
    "diagram": (
        lambda **text: plotting.diagram(
            {"z": (0, 0), "G": (1, 0), "loss": (2, 1)},
            [("z", "G", ""), ("G", "loss", "made rows"), ("loss", "G", "learns")],
            **text,
        ),
        ["z to G; G to loss (made rows); loss to G (learns)"],
    ),
}
all_figures = pytest.mark.parametrize("name", FIGURES)


class Tags(HTMLParser):
    """Attributes of the tags of a piece of HTML, as a browser reads them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))


def test_every_public_figure_is_tested_here():
    functions = {
        name
        for name, value in vars(plotting).items()
        if callable(value) and getattr(value, "__module__", "") == plotting.__name__
    }
    public = {name for name in functions if name[0].islower()}
    assert public - {"use_style", "figure"} == set(FIGURES)


@all_figures
def test_description_says_title_groups_counts_and_meaning(name, monkeypatch):
    draw, words = FIGURES[name]
    monkeypatch.setitem(plotting.DESCRIPTIONS, "My title", "My meaning.")
    description = draw(title="My title").description
    assert description.startswith("My title. ")
    assert description.endswith(". My meaning.")
    assert [word for word in words if word not in description] == []


@all_figures
def test_description_without_title_and_meaning_is_one_text(name):
    description = FIGURES[name][0]().description
    assert description == description.strip()
    assert description[0] not in ". "


@all_figures
def test_the_title_is_in_the_picture_too(name):
    fig = FIGURES[name][0](title="My title")
    assert "My title" in {fig.get_suptitle(), *(ax.get_title() for ax in fig.axes)}


@all_figures
def test_output_holds_picture_alternative_text_and_text(name):
    fig = FIGURES[name][0](title='1 < 2 & "so" on, <b>bold</b>')
    bundle = fig._repr_mimebundle_()
    assert set(bundle) == {"image/png", "text/html", "text/plain"}
    assert base64.b64decode(bundle["image/png"]).startswith(b"\x89PNG")
    assert bundle["text/plain"] == fig.description
    ((tag, attributes),) = Tags(bundle["text/html"]).tags
    assert (tag, attributes["alt"]) == ("img", fig.description)
    assert attributes["src"] == f"data:image/png;base64,{bundle['image/png']}"
    assert plt.get_fignums() == []  # and nothing is left open


@pytest.mark.parametrize("name", ["samples", "lines", "score_histogram", "dots"])
def test_axes_have_names(name):
    (ax,) = FIGURES[name][0]().axes
    assert ax.get_xlabel()
    assert ax.get_ylabel() or len(ax.get_yticklabels())


def drawn_points(fig) -> np.ndarray:
    return np.concatenate([c.get_offsets() for ax in fig.axes for c in ax.collections])


def test_samples_draws_every_row_of_the_first_two_columns():
    rows = RNG.standard_normal((9, 4))
    np.testing.assert_allclose(drawn_points(plotting.samples({"a": rows})), rows[:, :2])


def test_histogram_bars_of_each_group_add_up_to_100_percent():
    fig = plotting.score_histogram({"a": SCORES, "b": SCORES[:3] + 2})
    heights = [
        sum(bar.get_height() for bar in group) for group in fig.axes[0].containers
    ]
    assert heights == pytest.approx([100, 100])
    assert "threshold" not in fig.description


def test_histogram_threshold_stands_where_it_should():
    fig = plotting.score_histogram({"a": SCORES}, threshold=0.3)
    assert [line.get_xdata()[0] for line in fig.axes[0].lines] == [0.3]


def test_decision_surface_puts_each_value_at_its_place():
    seen = []
    plotting.decision_surface(
        lambda x: seen.append(x) or x[:, 0], {"a": CLOUD}, extent=2.0
    )
    (grid,) = seen
    assert grid.dtype == np.float32
    assert (grid.min(0).tolist(), grid.max(0).tolist()) == ([-2, -2], [2, 2])
    # the first feature, drawn along x, runs fastest
    assert grid[1, 0] > grid[0, 0]
    assert grid[1, 1] == grid[0, 1]


@pytest.mark.parametrize("n", [1, 3, 4, 5, 7, 9])
def test_frames_has_one_panel_for_each_snapshot(n):
    fig = plotting.frames({f"step {i}": CLOUD for i in range(n)}, CLOUD)
    panels = [ax for ax in fig.axes if ax.axison]
    assert [ax.get_title() for ax in panels] == [f"step {i}" for i in range(n)]


@pytest.mark.parametrize("shape", [(1, 8, 8), (1, 8, 8, 1), (4, 1, 8), (4, 10, 12)])
def test_images_draws_every_picture_of_a_group(shape):
    pictures = RNG.random(shape)
    fig = plotting.images({"a": pictures})
    drawn = [image.get_array() for ax in fig.axes for image in ax.images]
    np.testing.assert_allclose(np.array(drawn), pictures.reshape(shape[:3]))
    assert f"{shape[0]} a" in fig.description


def test_images_of_groups_of_different_size_leave_the_rest_empty():
    fig = plotting.images({"a": RNG.random((3, 8, 8)), "b": RNG.random((1, 8, 8))})
    assert [len(ax.images) for ax in fig.axes] == [1, 1, 1, 1, 0, 0]


def gaps(*axes):
    """Distances in pixels from each of some axes to the next, side by side or below."""
    axes[0].figure.draw_without_rendering()
    boxes = [ax.get_window_extent() for ax in axes]
    return [
        max(b.x0 - a.x1, a.y0 - b.y1) for a, b in zip(boxes, boxes[1:], strict=False)
    ]


def test_images_are_farther_from_the_next_row_than_from_their_neighbours():
    fig = plotting.images({"a": RNG.random((8, 8, 8)), "b": RNG.random((8, 8, 8))})
    (beside,), (below,) = gaps(*fig.axes[:2]), gaps(fig.axes[0], fig.axes[8])
    assert below > 2 * beside > 0


def test_images_blocks_of_a_row_are_apart_and_share_one_gray_scale():
    blocks = {"sharp": RNG.random((2, 8, 8)), "soft": 3 * RNG.random((2, 8, 8))}
    fig = plotting.images({"drawn": blocks})
    axes = [ax for ax in fig.axes if ax.images]
    within, between, _ = gaps(*axes)
    assert between > 5 * within
    assert len({ax.images[0].get_clim() for ax in axes}) == 1
    assert [ax.get_title(loc="left") for ax in axes] == ["sharp", "", "soft", ""]
    assert "2 drawn (sharp), 2 drawn (soft)" in fig.description


def test_dots_shows_each_value_on_the_line_of_its_group():
    (ax,) = plotting.dots({"a": [1.0, 2, 6], "b": [3.0, 3]}, "AUROC").axes
    a, b = (line.get_xydata() for line in ax.lines)
    assert [a[:, 0].tolist(), b[:, 0].tolist()] == [[1, 2, 6], [3, 3]]
    assert [np.round(a[:, 1]).tolist(), np.round(b[:, 1]).tolist()] == [
        [0] * 3,
        [1] * 2,
    ]
    assert b[0, 1] != b[1, 1]  # equal values are both seen


@pytest.mark.parametrize(("n", "marker"), [(20, "o"), (21, "None")])
def test_lines_mark_the_points_where_they_are_few(n, marker):
    fig = plotting.lines(range(n), {"loss": range(n)}, ("step", "loss"))
    assert fig.axes[0].lines[0].get_marker() == marker


def test_words_stand_on_the_side_of_their_arrow_where_two_join_a_pair_of_boxes():
    boxes, arrows = {"A": (0, 0), "B": (1, 0)}, [("A", "B", "to"), ("B", "A", "from")]
    fig = plotting.diagram(boxes, arrows)
    fig.canvas.draw()
    ax = fig.axes[0]
    *_, first, of_first, second, of_second = ax.texts
    for arrow, words in ((first, of_first), (second, of_second)):
        bend = arrow.arrow_patch.get_path().vertices[1]
        _, y = ax.transData.inverted().transform(bend)
        assert y * words.get_position()[1] > 0


def test_groups_differ_by_more_than_colour():
    for styles in (
        plotting.COLOURS,
        plotting.MARKERS,
        plotting.LINES,
        plotting.HATCHES,
    ):
        assert len(set(styles)) == len(plotting.COLOURS)


GROUPED = {
    "samples": plotting.samples,
    "loss_history": plotting.loss_history,
    "score_histogram": plotting.score_histogram,
    "decision_surface": lambda groups: plotting.decision_surface(
        lambda x: x[:, 0], groups
    ),
}


@pytest.mark.parametrize("name", GROUPED)
def test_groups_that_can_be_told_apart_are_drawn_and_one_more_is_refused(name):
    values = CLOUD if name in ("samples", "decision_surface") else SCORES
    most = 3 if name == "decision_surface" else 6
    groups = {f"g{i}": values for i in range(most)}
    description = GROUPED[name](groups).description
    assert all(group in description for group in groups)
    with pytest.raises(ValueError, match=f"{most + 1} groups.*at most {most}"):
        GROUPED[name](groups | {"one more": values})


def test_a_figure_of_ones_own_has_the_panels_asked_for():
    fig, axes = plotting.figure(2, 3, size=(4, 2))
    assert axes.shape == (2, 3)
    assert fig.get_size_inches().tolist() == [4, 2]
    assert isinstance(fig, plotting.DescribedFigure)


def test_use_style_sets_the_palette_and_hides_two_spines():
    with mpl.rc_context():
        mpl.rcdefaults()
        plotting.use_style()
        colours = mpl.rcParams["axes.prop_cycle"].by_key()["color"]
        assert tuple(colours) == plotting.COLOURS
        assert not mpl.rcParams["axes.spines.top"]
        assert mpl.rcParams["image.cmap"] == "viridis"


def test_meaning_of_a_figure_is_looked_up_by_its_title(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(plotting.DESCRIPTIONS, "Two heaps", "They overlap.")
    drawn = plotting.samples({"real": CLOUD}, title="Two heaps").description
    assert drawn.startswith("Two heaps. Scatter plot") and drawn.endswith(
        "They overlap."
    )
    own, _ = plotting.figure(title="Two heaps")
    assert own.description == "Two heaps. They overlap."


def test_descriptions_are_those_of_stored_figures() -> None:
    sections = tomllib.loads(
        (ROOT / "gantutor" / "descriptions.toml").read_text("utf-8")
    )
    for notebook, figures in sections.items():
        folders = (ROOT / "notebooks", ROOT / "notebooks" / "solutions")
        stored = "".join((f / f"{notebook}.ipynb").read_text("utf-8") for f in folders)
        for title, meaning in figures.items():
            assert json.dumps(title, ensure_ascii=False)[1:-1] in stored, title
            assert json.dumps(meaning, ensure_ascii=False)[1:-1] in stored, title
