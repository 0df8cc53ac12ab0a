"""Draw the figures: ``python -m figures.build [--check] [NAME ...]``.

Every ``NN_topic/NAME.py`` is a figure, in the folder called like its notebook (``course`` where it has none). It
becomes ``NN_topic/NAME.svg``, with its title and alternative text inside; ``index.html`` shows them all. The same
versions of Python, NumPy and matplotlib give the same bytes.
"""

from __future__ import annotations

import argparse
import html
import io
import runpy
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import matplotlib

from gradus import plots

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FOLDER = Path(__file__).parent
NOTEBOOKS = FOLDER.parent / "solutions"


class Picture(NamedTuple):
    """A figure: its folder and name, what it says in words, its SVG, and matplotlib's own form of it."""

    topic: str
    name: str
    title: str
    alt: str
    svg: str
    figure: Figure

    @property
    def path(self) -> str:
        """Where it lies, without suffix."""
        return f"{self.topic}/{self.name}"


def scripts() -> dict[str, Path]:
    """Every figure's name and script, by folder and name.

    Raises
    ------
    ValueError
        If two figures have the same name, whatever their folders.
    """
    found: dict[str, Path] = {}
    for path in sorted(FOLDER.glob("[!_.]*/[!_.]*.py")):
        if path.stem in found:
            both = " and ".join(str(one.relative_to(FOLDER)) for one in (found[path.stem], path))
            raise ValueError(f"Two figures have one name: {both}. Rename one, a figure is called by its name alone.")
        found[path.stem] = path
    return found


def heading(topic: str) -> str:
    """Title of the notebook that a folder belongs to; the folder's name in words where there is no such notebook."""
    notebook = NOTEBOOKS / f"{topic}.py"
    lines = notebook.read_text(encoding="utf-8").splitlines() if notebook.exists() else []
    titles = (line.removeprefix("# # ") for line in lines if line.startswith("# # "))
    return next(titles, topic.replace("_", " ").capitalize())


def picture(name: str) -> Picture:
    """Draw one figure in the house style, whatever matplotlib's settings are now, and write it as SVG.

    Parameters
    ----------
    name : str
        A key of `scripts`.

    Returns
    -------
    Picture
    """
    path = scripts()[name]
    # A folder whose name starts with a digit is no package, so the script is run from its path.
    script = runpy.run_path(str(path), run_name=f"figures.{name}")
    title, alt = script["TITLE"], script["ALT"]
    file = io.StringIO()
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        # Letters as outlines: the picture looks the same where DejaVu Sans is not installed.
        matplotlib.rcParams.update({"svg.hashsalt": name, "svg.fonttype": "path"})
        with plots.use_style("figure"):
            figure = script["draw"]()
            figure.savefig(file, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    return Picture(path.parent.name, name, title, alt, _with_words(name, title, alt, file.getvalue()), figure)


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
        sections.append(f"<h2>{html.escape(heading(topic))}</h2>\n<ul>\n{cards}\n</ul>")
    return _PAGE.format(sections="\n".join(sections))


def files(pictures: Sequence[Picture]) -> dict[str, str]:
    """Path and content of everything that is built from the figures."""
    return {f"{one.path}.svg": one.svg for one in pictures} | {"index.html": index(pictures)}


def stale(built: dict[str, str]) -> list[str]:
    """Paths of files that are missing, differ from what is built, or belong to no figure."""
    differ = [path for path, text in built.items() if _content(FOLDER / path) != text.encode()]
    return sorted(differ + leftovers())


def leftovers() -> list[str]:
    """Paths of files, in any folder, that are neither a script nor built from one: a script must lie in a topic's."""
    own = {FOLDER / "build.py", FOLDER / "index.html", *FOLDER.glob("_*.py")}
    own |= {path.with_suffix(suffix) for path in scripts().values() for suffix in (".py", ".svg")}
    found = (path.relative_to(FOLDER) for path in FOLDER.rglob("*") if path.is_file() and path not in own)
    return sorted(str(path) for path in found if not any(part.startswith((".", "__pycache__")) for part in path.parts))


def main(arguments: Sequence[str] | None = None) -> int:
    """Build the figures, or with ``--check`` say which files are stale; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m figures.build", description="Draw the course's figures.")
    parser.add_argument("name", nargs="*", help="figures to draw (all, and the index, when none is named)")
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a file is stale")
    options = parser.parse_args(arguments)
    known = scripts()
    unknown = sorted(set(options.name) - set(known))
    if unknown:
        parser.error(f"there is no figure {', '.join(unknown)}; the figures are {', '.join(known)}.")

    built = files([picture(name) for name in options.name or known])
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
    print(f"Wrote {len(built)} files to {FOLDER}.")
    for name in leftovers():
        # What was drawn can be drawn again; anything else may be somebody's work.
        if name.endswith(".svg"):
            (FOLDER / name).unlink()
        else:
            print(f"figures/{name} belongs to no figure: a script lies in a folder NN_topic, anything else elsewhere.")
    return 1 if leftovers() else 0


def _with_words(name: str, title: str, alt: str, svg: str) -> str:
    """Put title and alternative text into an SVG, where browsers and screen readers look for them."""
    title, alt = html.escape(title), html.escape(alt)
    opening = svg.index("<svg ")
    inside = svg.index(">", opening) + 1
    words = f'\n <title id="{name}-title">{title}</title>\n <desc id="{name}-desc">{alt}</desc>'
    role = f'<svg role="img" aria-labelledby="{name}-title" aria-describedby="{name}-desc" '
    return svg[:opening] + role + svg[opening + len("<svg ") : inside] + words + svg[inside:]


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


def _card(one: Picture) -> str:
    title, alt = html.escape(one.title), html.escape(one.alt)
    return (
        f'<li id="{one.name}"><a href="{one.path}.svg"><img src="{one.path}.svg" alt="{alt}"></a>'
        f"\n<h3>{title}</h3>\n<details><summary>In words</summary><p>{alt}</p></details>"
        f'\n<p><a href="{one.path}.svg">SVG</a> · <a href="{one.path}.py">source</a></p></li>'
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
