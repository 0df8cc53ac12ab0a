"""Draw the figures: ``python -m figures.build [--check] [NAME ...]``.

Every module of this folder that does not start with an underscore is a figure. It becomes ``NAME.svg``, with its
alternative text inside and in ``NAME.txt`` beside it; ``index.html`` shows them all. The same versions of Python,
NumPy and matplotlib give the same bytes.
"""

from __future__ import annotations

import argparse
import html
import importlib
import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import matplotlib

from gradus import plots

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FOLDER = Path(__file__).parent


class Picture(NamedTuple):
    """A figure: its name, what it says in words, its SVG, and matplotlib's own form of it."""

    name: str
    title: str
    topic: str
    alt: str
    svg: str
    figure: Figure


def names() -> list[str]:
    """Names of all figures, in alphabetical order."""
    return sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "build" and not path.stem.startswith("_"))


def picture(name: str) -> Picture:
    """Draw one figure in the house style, whatever matplotlib's settings are now, and write it as SVG.

    Parameters
    ----------
    name : str
        One of `names`.

    Returns
    -------
    Picture
    """
    module = importlib.import_module(f"figures.{name}")
    file = io.StringIO()
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        # Letters as outlines: the picture looks the same where DejaVu Sans is not installed.
        matplotlib.rcParams.update({"svg.hashsalt": name, "svg.fonttype": "path"})
        with plots.use_style("figure"):
            figure = module.draw()
            figure.savefig(file, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    return Picture(name, module.TITLE, module.TOPIC, module.ALT, _with_words(name, module, file.getvalue()), figure)


def index(pictures: Sequence[Picture]) -> str:
    """Write the page that shows every figure as a thumbnail, by topic.

    Parameters
    ----------
    pictures : sequence of Picture

    Returns
    -------
    str
        HTML.
    """
    sections = []
    for topic in sorted({one.topic for one in pictures}):
        cards = "\n".join(_card(one) for one in pictures if one.topic == topic)
        sections.append(f"<h2>{html.escape(topic)}</h2>\n<ul>\n{cards}\n</ul>")
    return _PAGE.format(sections="\n".join(sections))


def files(pictures: Sequence[Picture]) -> dict[str, str]:
    """Name and content of everything that is built from the figures."""
    built = {f"{one.name}.svg": one.svg for one in pictures}
    built |= {f"{one.name}.txt": f"{one.alt}\n" for one in pictures}
    return built | {"index.html": index(pictures)}


def stale(built: dict[str, str]) -> list[str]:
    """Names of files in the folder that are missing, differ from what is built, or belong to no figure."""
    differ = [name for name, text in built.items() if _content(FOLDER / name) != text.encode()]
    return sorted(differ + [path.name for path in _leftovers()])


def main(arguments: Sequence[str] | None = None) -> int:
    """Build the figures, or with ``--check`` say which files are stale; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m figures.build", description="Draw the course's figures.")
    parser.add_argument("name", nargs="*", help="figures to draw (all, and the index, when none is named)")
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a file is stale")
    options = parser.parse_args(arguments)
    unknown = sorted(set(options.name) - set(names()))
    if unknown:
        parser.error(f"there is no figure {', '.join(unknown)}; the figures are {', '.join(names())}.")

    built = files([picture(name) for name in options.name or names()])
    if options.name:
        del built["index.html"]
    if options.check:
        old = stale(built)
        for name in old:
            print(f"stale: figures/{name}")
        print("Run `make figures`." if old else f"{len(built)} files are up to date.")
        return 1 if old else 0
    for name, text in built.items():
        (FOLDER / name).write_bytes(text.encode())
    for path in _leftovers():
        path.unlink()
    print(f"Wrote {len(built)} files to {FOLDER}.")
    return 0


def _with_words(name: str, module: object, svg: str) -> str:
    """Put title and alternative text into an SVG, where browsers and screen readers look for them."""
    title, alt = (html.escape(getattr(module, part)) for part in ("TITLE", "ALT"))
    opening = svg.index("<svg ")
    inside = svg.index(">", opening) + 1
    words = f'\n <title id="{name}-title">{title}</title>\n <desc id="{name}-desc">{alt}</desc>'
    role = f'<svg role="img" aria-labelledby="{name}-title" aria-describedby="{name}-desc" '
    return svg[:opening] + role + svg[opening + len("<svg ") : inside] + words + svg[inside:]


def _leftovers() -> list[Path]:
    return [path for path in FOLDER.iterdir() if path.suffix in {".svg", ".txt"} and path.stem not in names()]


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


def _card(one: Picture) -> str:
    title, alt = html.escape(one.title), html.escape(one.alt)
    return (
        f'<li id="{one.name}"><a href="{one.name}.svg"><img src="{one.name}.svg" alt="{alt}"></a>'
        f"\n<h3>{title}</h3>\n<details><summary>In words</summary><p>{alt}</p></details>"
        f'\n<p><a href="{one.name}.svg">SVG</a> · <a href="{one.name}.txt">text</a> · '
        f'<a href="{one.name}.py">source</a></p></li>'
    )


_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Figures of the course</title>
<style>
body {{
  font: 16px/1.5 "DejaVu Sans", Verdana, sans-serif; color: #222;
  max-width: 1040px; margin: 2rem auto; padding: 0 1rem;
}}
ul {{
  list-style: none; padding: 0;
  display: grid; grid-template-columns: repeat(auto-fill, minmax(min(480px, 100%), 1fr)); gap: 2rem;
}}
img {{ width: 100%; height: auto; border: 1px solid #e4e4e4; }}
a {{ color: #0072b2; }}
h3 {{ margin: 0.3rem 0; font-size: 1rem; }}
p {{ margin: 0.3rem 0; }}
</style>
</head>
<body>
<h1>Figures of the course</h1>
<p>SVG files to drop into slides, CC BY 4.0. <code>make figures</code> draws them again.</p>
{sections}
</body>
</html>
"""

if __name__ == "__main__":
    sys.exit(main())
