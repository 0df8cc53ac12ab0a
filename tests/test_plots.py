"""Laws of the house style: light to import, one colour per quantity, readable, and every picture has words."""

from __future__ import annotations

import base64
import gc
import html
import io
import subprocess
import sys
from collections.abc import Callable, Iterator

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.image import imread
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from gradus import plots

RNG = np.random.default_rng(7)
PICTURES = {
    "images": lambda **look: plots.images(RNG.random((11, 64)), titles=range(11), title="Digits", **look),
    "one image": lambda **look: plots.images(RNG.random((1, 6)), (2, 3), title="One", **look),
    "learning curve": lambda **look: plots.learning_curve([2.3, 1.1, 0.5], [2.3, 1.2, 0.55], **look),
    "one epoch": lambda **look: plots.learning_curve([2.3], **look),
    "confusion": lambda **look: plots.confusion([[9, 1, 0], [2, 7, 1], [0, 0, 10]], ["cat", "dog", "owl"], **look),
    "no mistakes": lambda **look: plots.confusion(np.diag([3, 4]), **look),
}


@pytest.fixture(autouse=True)
def _settings_restored() -> Iterator[None]:
    with matplotlib.rc_context():
        size = plots._size_on
        yield
        plots._size_on = size


def contrast_on_white(colour: str) -> float:
    return 1.05 / (plots._luminance(np.array(matplotlib.colors.to_rgb(colour))) + 0.05)


def test_importing_the_style_leaves_matplotlib_alone() -> None:
    code = "import sys, gradus.plots; gradus.plots.style('lecture'); print({'matplotlib', 'torch'} & set(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "set()"


def test_ink_can_be_read_on_white() -> None:
    assert min(contrast_on_white(plots.ink(quantity)) for quantity in plots.COLOURS) >= 4.45
    assert plots.ink("probability") == plots.BLUE, "a colour that is dark enough stays as it is"


def test_quantities_that_share_axes_differ_in_colour_and_in_dashes() -> None:
    optimizers = ("momentum", "nesterov", "adagrad", "rmsprop", "adam")
    for group in (("train", "validation", "test"), ("squared", "absolute"), ("loss", "gradient"), optimizers):
        looks = [plots.line(quantity) for quantity in group]
        for key in ("color", "linestyle"):
            assert len({look[key] for look in looks}) == len(group), (group, key)


def test_unknown_names_are_refused_with_the_list_of_known_ones() -> None:
    with pytest.raises(ValueError, match=r"No colour is set for 'trian'.*train"):
        plots.line("trian")
    with pytest.raises(ValueError, match=r"'notebook', 'lecture', 'figure', 'report'; got 'huge'"):
        plots.style("huge")


@pytest.mark.parametrize("size", ["notebook", "lecture", "figure", "report"])
def test_matplotlib_accepts_the_style(size: str) -> None:
    with matplotlib.rc_context(plots.style(size)):
        assert Figure().get_size_inches().tolist() == list(plots.style(size)["figure.figsize"])


def test_style_holds_inside_the_block_and_is_gone_after_it() -> None:
    before = dict(matplotlib.rcParams)
    with plots.use_style("lecture"):
        assert matplotlib.rcParams["font.size"] == 22
        with plots.use_style("report"):
            assert matplotlib.rcParams["font.size"] == 10
            assert plots.style()["font.size"] == 10, "the size that is on is the default"
        assert matplotlib.rcParams["font.size"] == 22
        assert plots.style()["font.size"] == 22
    assert dict(matplotlib.rcParams) == before


def test_style_stays_when_called_plainly() -> None:
    plots.use_style("lecture")
    assert matplotlib.rcParams["font.size"] == 22
    assert plots.axes("Title")[0].get_figwidth() == 12.8


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("size", ["notebook", "lecture", "report"])
def test_pictures_have_title_words_and_nothing_cut_off(name: str, size: str) -> None:
    before = dict(matplotlib.rcParams)
    figure = PICTURES[name](size=size)
    assert dict(matplotlib.rcParams) == before, "a ready picture leaves the settings alone"
    titles = [figure.get_suptitle(), *(ax.get_title("left") for ax in figure.axes)]
    assert any(titles)
    assert len(figure.alt_text) > 10
    FigureCanvasAgg(figure).draw()
    tight = figure.get_tightbbox().padded(-0.02)
    width, height = figure.get_size_inches()
    assert tight.x0 >= 0 and tight.y0 >= 0, name  # noqa: PT018
    assert tight.x1 <= width and tight.y1 <= height, name  # noqa: PT018


def test_axis_labels_carry_units() -> None:
    ax = plots.learning_curve([2.0, 1.0]).axes[0]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "loss (nats)")
    assert ax.get_lines()[0].get_xdata().tolist() == [1, 2], "the first value is that after epoch 1"


def test_images_come_in_their_order_on_one_grey_scale() -> None:
    x = np.arange(24.0).reshape(3, 8)
    shown = [ax.images[0] for ax in plots.images(x, (2, 4), columns=2).axes if ax.images]
    assert [image.get_array().tolist() for image in shown] == x.reshape(3, 2, 4).tolist()
    assert {image.get_clim() for image in shown} == {(0.0, 23.0)}


def test_confusion_shows_every_count_and_colours_mistakes_only() -> None:
    figure = plots.confusion([[9, 1, 0], [2, 7, 1], [0, 0, 10]], ["cat", "dog", "owl"])
    ax = figure.axes[0]
    texts = {text.get_position(): text.get_text() for text in ax.texts}
    assert texts == {(0, 0): "9", (1, 0): "1", (0, 1): "2", (1, 1): "7", (2, 1): "1", (2, 2): "10"}
    mistakes = ax.images[0].get_array()
    assert np.ma.getmaskarray(mistakes).tolist() == np.eye(3, dtype=bool).tolist()
    assert "26 of 30 examples right; the commonest mistake is cat for a true dog, 2 times" in figure.alt_text


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: plots.images(np.zeros((3, 63))), r"\(N, 64\) for images \(8, 8\); got \(3, 63\)"),
        (lambda: plots.images(np.zeros(64)), r"got \(64,\)"),
        (lambda: plots.images(np.zeros((3, 64)), titles=["a"]), "3 images, 1 titles"),
        (lambda: plots.learning_curve([]), r"train of shape \(T,\)"),
        (lambda: plots.learning_curve([1.0], [[1.0]]), "validation of shape"),
        (lambda: plots.confusion(np.zeros((2, 3))), r"square matrix \(C, C\); got shape \(2, 3\)"),
        (lambda: plots.confusion(np.zeros((2, 2)), ["a"]), "2 classes, 1 labels"),
        (lambda: plots.describe(Figure(), "  "), "alternative text is empty"),
    ],
)
def test_errors_say_what_was_expected_and_what_came(draw: Callable[[], Figure], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        draw()


def test_a_cell_stores_the_picture_with_its_words_once() -> None:
    from IPython.core.interactiveshell import InteractiveShell

    words = 'A "quoted" <curve> & more'
    others = plt.get_fignums()
    figure, ax = plt.subplots()
    ax.plot([1, 2])
    assert plots.describe(figure, words) is figure
    assert plt.get_fignums() == others, "pyplot would show it a second time"
    data, metadata = InteractiveShell.instance().display_formatter.format(figure)
    assert f'alt="{html.escape(words)}"' in data["text/html"]
    assert data["text/plain"] == words
    assert metadata["image/png"]["alt"] == words
    assert data["image/png"] in data["text/html"]


def test_a_notebook_draws_each_figure_once_and_stores_it_whatever_else_is_loaded() -> None:
    """IPython's own printers come with pyplot: they draw what plain matplotlib shows, and nothing a second time."""
    count = """
        from matplotlib.backend_bases import FigureCanvasBase
        import matplotlib.pyplot as plt
        from gradus import plots
        drawn, draw = [], FigureCanvasBase.print_figure
        FigureCanvasBase.print_figure = lambda canvas, *args, **more: drawn.append(0) or draw(canvas, *args, **more)
    """
    described = [
        "figure, ax = plots.axes('One'); ax.plot([1, 2]); figure",
        "plots.learning_curve([2, 1], alt='Two')",
        "figure, ax = plt.subplots(); ax.plot([1, 2]); plots.describe(figure, 'Three')",
    ]
    plain = ["plt.plot([1, 2]);", "from matplotlib.figure import Figure\nfigure = Figure(); figure.subplots(); figure"]
    notebook = new_notebook(cells=[new_code_cell(source) for source in [count, *described, *plain, "len(drawn)"]])
    NotebookClient(notebook, timeout=60).execute()
    _, *shown, total = [[output for output in cell.outputs if "data" in output] for cell in notebook.cells]
    assert [len(outputs) for outputs in shown] == [1] * 5
    for words, (output,) in zip(("One", "Two", "Three"), shown, strict=False):
        assert output.metadata["image/png"]["alt"] == words
        assert output.data["image/png"] in output.data["text/html"]
        picture = imread(io.BytesIO(base64.b64decode(output.data["image/png"])))
        assert picture.shape[1] == 2 * output.metadata["image/png"]["width"], "sharp on a projector"
    assert all("image/png" in output.data for (output,) in shown[3:])
    assert total[0].data["text/plain"] == "5"


def test_ipython_forgets_a_figure_that_is_gone() -> None:
    from IPython.core.interactiveshell import InteractiveShell

    formatter = InteractiveShell.instance().display_formatter
    printers = formatter.formatters["image/png"].singleton_printers
    before = set(printers)
    figure = plots.learning_curve([2, 1])
    formatter.format(figure)
    formatter.format(figure)
    assert set(printers) - before == {id(figure)}
    del figure
    gc.collect()
    assert set(printers) <= before, "another figure may get its id"


def test_logarithmic_axes_have_plain_numbers() -> None:
    figure, ax = plots.axes("Loss", "temperature", "loss (nats)")
    ax.loglog([1, 1000], [0.18, 8])
    figure.draw_without_rendering()
    ticks = [*ax.get_xticklabels(), *ax.get_yticklabels(which="minor")]
    assert {r"$\mathdefault{1000}$", r"$\mathdefault{0.2}$"} <= {text.get_text() for text in ticks}
