"""Feedback pages: one self-contained file per notebook that makes no network request, formulas included."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import escape, unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from math_core import LatexError, LatexToMathML
from nbconvert.exporters import HTMLExporter
from nbconvert.exporters.exporter import ResourcesDict
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode
from nbformat.v4 import new_output
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import GetGrades
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import TextLexer, get_lexer_by_name
from pygments.util import ClassNotFound
from traitlets import Bool, default
from traitlets.config import Config

from autograder.course import Assignment, Course, CourseError
from autograder.grading.markup import TEXT_STYLES, harmless_html
from autograder.judging import ledger as ledgers
from autograder.judging.judge import Verdict
from autograder.judging.ledger import Ledger
from autograder.nbgrader_hooks.execution import REPORT
from gradus.checking.scoring import earned

_TEMPLATES = Path(__file__).parent / "templates"
# What the judge's report lays itself out with, beyond what student HTML may use.
_STYLES = TEXT_STYLES | {
    "background",
    "display",
    "flex-wrap",
    "gap",
    "line-height",
    "list-style",
    "margin",
    "margin-right",
    "max-width",
    "overflow-x",
}
_FORMATTER = HtmlFormatter(style="vs", cssclass="highlight")
_LONGEST_FORMULA, _LONGEST_REMARK, _MOST_REMARKS = 5000, 500, 10
_MATH_TAGS = """
math annotation b maction menclose merror mfrac mi mmultiscripts mn mo mover mpadded mphantom mprescripts mroot mrow ms
mspace msqrt mstyle msub msubsup msup mtable mtd mtext mtr munder munderover semantics
"""
_MATH_ATTRIBUTES = """
accent accentunder class columnalign columnspan depth display displaystyle encoding fence form height largeop
linethickness lspace mathvariant maxsize minsize movablelimits notation rowspan rspace scriptlevel separator stretchy
style symmetric voffset width
"""


class FeedbackGrades(GetGrades):
    """What the page is made of beside the notebook: the ledger, nbgrader's grades, and who gave them."""

    def preprocess(self, nb: NotebookNode, resources: ResourcesDict) -> tuple[NotebookNode, ResourcesDict]:
        nb, resources = super().preprocess(nb, resources)
        if kept := self._ledger(resources["nbgrader"]):
            show_ledger(nb, resources, kept)
        return nb, resources

    def _ledger(self, names: dict[str, Any]) -> Ledger | None:
        """The ledger of the submission; without one the page shows what stands in the notebook."""
        course = Course(Path(CourseDirectory(parent=self).root))
        assignment = Assignment(names["assignment"], course.solutions / f"{names['assignment']}.py")
        path = ledgers.path_of(course, assignment, names["student"])
        if not path.exists():
            return None
        try:
            return ledgers.read(path)
        except CourseError as error:
            self.log.warning("The feedback page does without the ledger: %s", error)
            return None

    def _get_score(self, cell: NotebookNode, resources: Any) -> None:
        super()._get_score(cell, resources)
        grade = self.gradebook.find_grade(
            cell.metadata.nbgrader["grade_id"], self.notebook_id, self.assignment_id, self.student_id
        )
        cell.metadata.nbgrader["needs_manual_grade"] = bool(grade.needs_manual_grade)
        cell.metadata.nbgrader["by_hand"] = grade.manual_score is not None


class FeedbackExporter(HTMLExporter):
    """The page a student gets back. Use it as ``c.GenerateFeedback.exporter_class``.

    With ``c.GenerateFeedback.preprocessors = [FeedbackGrades]`` reports and remarks are the ledger's, and answers that
    nobody has graded yet are marked as such; with nbgrader's own preprocessors the page shows the reports that stand in
    the notebook, and such answers count as 0 points.
    """

    show_mark_schemes = Bool(False, help="Whether mark schemes are shown to students").tag(config=True)

    @default("template_name")
    def _template_name_default(self) -> str:
        return "gradus_feedback"

    @property
    def default_config(self) -> Config:
        """nbgrader sets the template of every HTMLExporter; this one has its own."""
        own = {"template_name": "gradus_feedback", "extra_template_basedirs": [str(_TEMPLATES)]}
        config = Config({"FeedbackExporter": own})
        config.merge(super().default_config)
        return config

    def default_filters(self) -> Iterator[tuple[str, Any]]:
        """Filters of the template, beside nbconvert's."""
        yield from super().default_filters()
        yield "prose", markdown_to_html
        # A report escapes all that it quotes; what else stands in this place may be the student's own output.
        yield "report", lambda html: harmless_html(html, _STYLES)
        yield "latex", _latex_output
        yield "code", lambda source: highlight(source, get_lexer_by_name("ipython3"), _FORMATTER)

    def from_notebook_node(  # type: ignore[override]
        self, nb: NotebookNode, resources: dict[str, Any] | None = None, **kw: Any
    ) -> tuple[str, dict[str, Any]]:
        """Write the page of one submitted notebook."""
        nb = NotebookNode(nb)
        nb.cells = [NotebookNode(cell) for cell in nb.cells]
        if not self.show_mark_schemes:
            for cell in nb.cells:
                if cell.cell_type == "markdown" and not _of(cell, "solution"):
                    cell.source = without_mark_scheme(cell.source)
        resources = resources if resources is not None else {}
        for cell in nb.cells:
            if cell.cell_type == "code":
                cell.outputs = _without_number(cell.outputs)
        resources.setdefault("feedback_remarks", [])
        resources["feedback_styles"] = _FORMATTER.get_style_defs(".highlight")
        resources["feedback_rows"] = rows
        html, resources = super().from_notebook_node(nb, resources, **kw)
        return _without_dead_links(html), resources


def show_ledger(nb: NotebookNode, resources: dict[str, Any], kept: Ledger) -> None:
    """Put a ledger's reports and points into the check cells, and its remarks into the resources of the page."""
    for cell in nb.cells:
        verdict = kept.verdicts.get(str(_of(cell, "grade_id")))
        if verdict and cell.cell_type == "code" and _of(cell, "grade") and not _of(cell, "solution"):
            _with_report(cell, verdict)
    resources["feedback_remarks"] = [text[:_LONGEST_REMARK] for text in kept.remarks[:_MOST_REMARKS]]


@dataclass(frozen=True)
class Row:
    """One line of the summary: an exercise and what it earned."""

    grade_id: str
    title: str
    kind: str
    score: float
    points: float
    pending: bool
    commented: bool
    by_hand: bool

    @property
    def state(self) -> str:
        """How it went, as a CSS class and a word."""
        if self.pending:
            return "waiting"
        if self.score >= self.points:
            return "full"
        return "part" if self.score > 0 else "none"


def rows(cells: Iterable[NotebookNode]) -> dict[str, Row]:
    """What the summary lists, by grade id, in order: every cell that can earn points."""
    found = {}
    for cell in cells:
        most = float(_of(cell, "points") or 0)
        if not (_of(cell, "grade") or _of(cell, "task")) or (most == 0 and not _of(cell, "score")):
            continue
        grade_id = str(_of(cell, "grade_id"))
        written = cell.cell_type == "markdown"
        found[grade_id] = Row(
            grade_id=grade_id,
            title=_title(grade_id, written),
            kind="Written answer" if written else "Code",
            score=float(_of(cell, "score") or 0),
            points=most,
            pending=bool(_of(cell, "needs_manual_grade")),
            commented=bool(_of(cell, "comment")),
            by_hand=bool(_of(cell, "by_hand")) and not written,
        )
    return found


def without_mark_scheme(source: str) -> str:
    """The text outside ``=== BEGIN MARK SCHEME ===`` and ``=== END MARK SCHEME ===`` lines."""
    kept, inside = [], False
    for line in source.splitlines():
        if "BEGIN MARK SCHEME" in line:
            inside = True
        elif "END MARK SCHEME" in line:
            inside = False
        elif not inside:
            kept.append(line)
    return "\n".join(kept)


def formula(tex: str, display: bool = False) -> str:
    """A formula as MathML; its source as code where it cannot be converted.

    Parameters
    ----------
    tex : str
        Untrusted TeX, without delimiters.
    display : bool
        Whether it stands on a line of its own.
    """
    source = tex.strip()
    try:
        if len(source) > _LONGEST_FORMULA:
            raise LatexError("too long")
        mathml = LatexToMathML(fancy_error=False).convert_with_local_state(_known_tex(source), displaystyle=display)
    except LatexError:
        mathml = ""
    audit = _MathAudit()
    audit.feed(mathml)
    audit.close()
    if mathml and audit.harmless:
        label = escape(re.sub(r"\s+", " ", source), quote=True)
        return mathml.replace("<math", f'<math alttext="{label}"', 1)
    delimiter = "$$" if display else "$"
    return f'<code class="tex">{escape(delimiter + source + delimiter)}</code>'


def markdown_to_html(source: str, attachments: dict[str, Any] | None = None, path: str = "") -> str:
    """Markdown as harmless HTML with formulas in MathML and highlighted code.

    Parameters
    ----------
    source : str
        Untrusted Markdown.
    attachments : dict, optional
        The cell's attachments.
    path : str
        Folder in which relative pictures lie; they are put into the page.
    """
    renderer = _Renderer(attachments=dict(attachments or {}), path=path)
    html = MarkdownWithMath(renderer=renderer).render(_PLACEHOLDER_CHARACTERS.sub("", source))
    html = re.sub(
        r'<input class="task-list-item-checkbox"[^>]*?(checked)?/?>', lambda box: "☑ " if box[1] else "☐ ", html
    )
    return renderer.fill(harmless_html(html, heading_ids=True))


_PLACEHOLDER = re.compile("\ue000(\\d+)\ue001")
_PLACEHOLDER_CHARACTERS = re.compile("[\ue000\ue001]")


class _Renderer(IPythonRenderer):
    """Renders Markdown, keeping formulas and code aside while everything else is cleaned."""

    def __init__(self, attachments: dict[str, Any], path: str) -> None:
        super().__init__(escape=False, attachments=attachments, embed_images=bool(path), path=path)
        self._aside: list[tuple[str, str]] = []

    def fill(self, html: str) -> str:
        """Put back what was kept aside."""
        return _PLACEHOLDER.sub(lambda found: self._aside[int(found[1])][0], html)

    def heading(self, text: str, level: int, **attrs: Any) -> str:
        """A heading with the id that JupyterLab and nbconvert give it."""
        words = unescape(re.sub(r"<[^>]*>", "", text))
        slug = _PLACEHOLDER.sub(lambda found: self._aside[int(found[1])][1], words).strip().replace(" ", "-")
        return f'<h{level} id="{escape(slug)}">{text}</h{level}>\n'

    def inline_math(self, body: str) -> str:
        """A formula in the line."""
        return self._keep(formula(body), f"${body}$")

    def block_math(self, body: str) -> str:
        """A formula on its own."""
        return self._keep(formula(body, display=True), f"$${body}$$")

    def latex_environment(self, name: str, body: str) -> str:
        """A formula that is an environment."""
        tex = f"\\begin{{{name}}}{body}\\end{{{name}}}"
        return self._keep(formula(tex, display=True), tex)

    def block_code(self, code: str, info: str | None = None) -> str:
        """Code, highlighted when its language is known."""
        try:
            lexer = get_lexer_by_name((info or "text").split()[0])
        except (ClassNotFound, IndexError):
            lexer = TextLexer()
        return self._keep(highlight(code, lexer, _FORMATTER), code)

    def image(self, text: str, url: str, title: str | None = None) -> str:
        """A picture that lies in the page; the description of any other."""
        missing = url.startswith("attachment:") and url.removeprefix("attachment:") not in self.attachments
        if missing or not self._embed_image_or_attachment(url).startswith("data:image/"):
            return f"<em>[Picture: {text or 'not part of this page'}]</em>"
        return super().image(text, url, title)

    def _keep(self, html: str, source: str) -> str:
        self._aside.append((html, source))
        return f"\ue000{len(self._aside) - 1}\ue001"


class _MathAudit(HTMLParser):
    """Whether MathML holds nothing but MathML that draws."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.harmless = True

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = tag in _MATH_TAGS.split() and all(name in _MATH_ATTRIBUTES.split() for name, _ in attrs)
        styles = [value or "" for name, value in attrs if name == "style"]
        self.harmless &= known and not any(re.search(r"url|position|\\|@", style) for style in styles)

    def handle_comment(self, data: str) -> None:
        self.harmless = False

    def handle_decl(self, decl: str) -> None:
        self.harmless = False


def _known_tex(tex: str) -> str:
    """TeX in the words that math-core knows."""
    tex = re.sub(r"\\label\{[^{}]*\}|\\(?:nonumber|notag)(?![A-Za-z])|\u200b", "", tex)
    tex = re.sub(r"\\(begin|end)\{(equation|align|gather|multline)\}", r"\\\1{\2*}", tex)
    tex = re.sub(r"\\(begin|end)\{split\}", r"\\\1{aligned}", tex)
    return re.sub(r"\\text\{([^{}]*\$[^{}]*)\}", _text_with_formulas, tex)


def _text_with_formulas(found: re.Match[str]) -> str:
    pieces = found[1].split("$")
    return "".join(f"{{{piece}}}" if index % 2 else f"\\text{{{piece}}}" for index, piece in enumerate(pieces))


def _latex_output(tex: str) -> str:
    """An output of LaTeX, which carries its own delimiters."""
    stripped = tex.strip()
    for opening, closing in (("$$", "$$"), ("$", "$"), ("\\[", "\\]"), ("\\(", "\\)")):
        if stripped.startswith(opening) and stripped.endswith(closing) and len(stripped) > len(opening + closing):
            return formula(stripped[len(opening) : -len(closing)], display=True)
    return formula(stripped, display=True)


def _title(grade_id: str, written: bool) -> str:
    name = re.sub(r"^(?:check|answer|mark_scheme)_", "", grade_id)
    return re.sub(r"[-_]+", " ", name).capitalize() if written else name


def _with_report(cell: NotebookNode, verdict: Verdict) -> None:
    """Put the ledger's report and points into a check cell; if a person gave points, those stand alone."""
    most = float(_of(cell, "points") or 0)
    report, score = verdict.report, earned(verdict.share, most)
    if not _of(cell, "by_hand"):
        report = report.scored((score, most))
        cell.metadata.nbgrader["score"] = score
    cell.outputs = [new_output("display_data", data={"text/html": report._repr_html_()})]


def _without_number(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """The outputs to show: beside the judge's report, the number that nbgrader reads says nothing new."""
    return [output for output in outputs if REPORT in output.get("metadata", {})] or outputs


def _without_dead_links(html: str) -> str:
    """A page in which links within it lead somewhere: what a slip refers to may stand in another notebook."""
    ids = {unescape(found) for found in re.findall(r' id="([^"]*)"', html)}

    def kept(link: re.Match[str]) -> str:
        target = unescape(link[1])
        return link[0] if target in ids or unquote(target) in ids else link[2]

    return re.sub(r'<a href="#([^"]*)"[^>]*>(.*?)</a>', kept, html, flags=re.DOTALL)


def _of(cell: NotebookNode, name: str) -> Any:
    return cell.metadata.get("nbgrader", {}).get(name)
