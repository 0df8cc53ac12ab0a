"""Feedback pages: one self-contained file per notebook that makes no network request, formulas included."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from html import escape, unescape
from html.parser import HTMLParser
from itertools import groupby
from pathlib import Path
from types import MappingProxyType
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
from autograder.grading import gate
from autograder.grading.carrying import OWN
from autograder.grading.execution import role
from autograder.grading.markup import TEXT_STYLES, harmless_html
from autograder.judging import ledger as ledgers
from autograder.judging.judge import Verdict
from autograder.judging.ledger import Ledger
from autograder.nbgrader_hooks.execution import REPORT
from gradus.checking import Report
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
_HEADING = re.compile(r"^(#{1,3})[ \t]+(.+?)[ \t]*$", re.MULTILINE)
_SCHEME = "BEGIN MARK SCHEME"
_LONGEST_FORMULA, _LONGEST_STEP, _LONGEST_REMARK, _MOST_REMARKS = 5000, 160, 500, 10
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

    def _get_comment(self, cell: NotebookNode, resources: Any) -> None:
        """What a person wrote. nbgrader's own "No response." says only that nothing was written."""
        comment = self.gradebook.find_comment(
            cell.metadata.nbgrader["grade_id"], self.notebook_id, self.assignment_id, self.student_id
        )
        cell.metadata.nbgrader["comment"] = comment.manual_comment
        cell.metadata.nbgrader["left_empty"] = bool(comment.auto_comment)


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
        yield "headings", _headings
        yield "sentence", gate.sentence
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
            if cell.cell_type == "code" and (reports := _reports(cell.outputs)):
                # The call of check, and the number that nbgrader reads, say nothing new beside the report.
                cell.source, cell.outputs = "", reports
        resources.setdefault("feedback_remarks", [])
        resources.setdefault("feedback_reports", {})
        resources["feedback_styles"] = _FORMATTER.get_style_defs(".highlight")
        resources["feedback_title"] = title(nb.cells)
        resources["feedback_rows"] = rows
        resources["feedback_parts"] = parts
        html, resources = super().from_notebook_node(nb, resources, **kw)
        return _without_dead_links(html), resources


def show_ledger(nb: NotebookNode, resources: dict[str, Any], kept: Ledger) -> None:
    """Put a ledger's reports and points into the check cells, and its remarks into the resources of the page."""
    resources["feedback_reports"] = reports = {}
    for cell in nb.cells:
        grade_id = str(_of(cell, "grade_id"))
        verdict = kept.verdicts.get(grade_id)
        if verdict and cell.cell_type == "code" and _of(cell, "grade") and not _of(cell, "solution"):
            _with_report(cell, verdict)
            reports[grade_id] = verdict.report
    resources["feedback_remarks"] = [text[:_LONGEST_REMARK] for text in kept.remarks[:_MOST_REMARKS]]


@dataclass(frozen=True)
class Step:
    """One thing to mend: what it is, and the words and the anchor of the paragraph to read for it."""

    what: str
    place: str = ""
    anchor: str = ""


@dataclass(frozen=True)
class Row:
    """One line of the summary: an exercise, what it earned and what to mend."""

    grade_id: str
    title: str
    kind: str
    score: float
    points: float
    pending: bool
    commented: bool
    by_hand: bool
    left_empty: bool
    heading: str
    report: Report | None

    @property
    def state(self) -> str:
        """How it went, as a CSS class and a word."""
        if self.pending:
            return "waiting"
        if self.score >= self.points:
            return "full"
        return "part" if self.score > 0 else "none"

    @property
    def steps(self) -> list[Step]:
        """What to mend; nothing where all points are earned or nobody has looked yet."""
        if self.state in ("full", "waiting"):
            return []
        report = self.report or Report(self.title)
        leaning = [Step(f"First mend {name}, which this one calls.") for name in report.leans_on]
        slips = [
            Step(f"{gate.sentence(named.slip.title)}{report.where(named)}.", str(named.slip.see), named.slip.see.anchor)
            for named in report.slips
        ]
        where = (f"“{self.heading}”", _anchor(self.heading)) if self.heading else ("", "")
        what = self._what(report)
        own = [Step(what, *where)] if what or self.heading else []
        return leaning + (slips or own)

    def _what(self, report: Report) -> str:
        if report.unanswered:
            return f"{gate.sentence(report.unanswered)}."
        if report.failure and report.unwritten:
            return report.failure.message
        if report.failure and report.failure.kind == "raised":
            return gate.plain(report.failure.message.rstrip("."), _LONGEST_STEP) + "."
        if report.failure:
            return f"First case that fails: {report.failure.group}, {report.failure.case}."
        return "You left this empty." if self.left_empty else ""


@dataclass(frozen=True)
class Part:
    """Cells that stand together on the page.

    Attributes
    ----------
    cells : tuple of NotebookNode
    folded : bool
        Whether they are what every student was given.
    row : Row or None
        The exercise that they answer, where they do.
    """

    cells: tuple[NotebookNode, ...]
    folded: bool
    row: Row | None = None


def title(cells: Iterable[NotebookNode]) -> str:
    """The notebook's own title, "" where it has none."""
    found = (words for cell in cells if _is_given(cell) for level, words in _headings_in(cell) if level == 1)
    return next(found, "")


def rows(cells: Iterable[NotebookNode], reports: Mapping[str, Report] = MappingProxyType({})) -> dict[str, Row]:
    """What the summary lists, by grade id, in order: every cell that can earn points.

    Parameters
    ----------
    cells : iterable of NotebookNode
    reports : mapping of str to Report
        The judge's, by grade id.
    """
    found, heading = {}, ""
    for cell in cells:
        if _is_given(cell):
            heading = next((words for level, words in reversed(_headings_in(cell)) if level > 1), heading)
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
            left_empty=bool(_of(cell, "left_empty")),
            heading=heading,
            report=reports.get(grade_id),
        )
    return found


def parts(cells: Iterable[NotebookNode], found: Mapping[str, Row]) -> list[Part]:
    """The cells of a notebook as they stand on the page, in order.

    What a student wrote is in view, every exercise up to its points; what everybody was given is folded.
    """
    made = []
    for folded, run in groupby(cells, key=_is_given):
        held: list[NotebookNode] = []
        for cell in run:
            held.append(cell)
            row = found.get(str(_of(cell, "grade_id"))) if _of(cell, "grade") or _of(cell, "task") else None
            if row:
                made.append(Part(tuple(held), folded=False, row=row))
                held = []
        if held:
            made.append(Part(tuple(held), folded))
    return made


def without_mark_scheme(source: str) -> str:
    """The text outside ``=== BEGIN MARK SCHEME ===`` and ``=== END MARK SCHEME ===`` lines."""
    kept, inside = [], False
    for line in source.splitlines():
        if _SCHEME in line:
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
        slug = _anchor(_PLACEHOLDER.sub(lambda found: self._aside[int(found[1])][1], words))
        return f'<h{level} id="{escape(slug)}">{text}</h{level}>\n'

    def block_html(self, html: str) -> str:
        """HTML as it stands: what looks for pictures in it would close a ``<details>`` before its text."""
        return super().block_html(html) if "<img" in html.lower() else html

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


def _is_given(cell: NotebookNode) -> bool:
    """Whether a cell is as everybody got it, and nothing was earned in it or said about it."""
    about = cell.metadata.get("nbgrader", {})
    said = any(about.get(name) for name in ("solution", "grade", "score", "points", "comment"))
    return not said and role(cell) != OWN and _SCHEME not in cell.source


def _headings_in(cell: NotebookNode) -> list[tuple[int, str]]:
    """Level and words of the headings of a text cell."""
    return (
        [(len(level), words) for level, words in _HEADING.findall(cell.source)] if cell.cell_type == "markdown" else []
    )


def _headings(html: str) -> str:
    """The headings of level 2 and 3 in what this page made of Markdown, as one line."""
    return " · ".join(re.findall(r'<h[23] id="[^"]*">(.*?)</h[23]>', html, flags=re.DOTALL))


def _anchor(heading: str) -> str:
    """The id that a heading has in JupyterLab, nbconvert and here."""
    return heading.strip().replace(" ", "-")


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
    cell.outputs = [new_output("display_data", data={"text/html": report._repr_html_()}, metadata={REPORT: True})]


def _reports(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """The judge's reports among the outputs of a cell."""
    return [output for output in outputs if REPORT in output.get("metadata", {})]


def _without_dead_links(html: str) -> str:
    """A page in which links within it lead somewhere: what a slip refers to may stand in another notebook."""
    ids = {unescape(found) for found in re.findall(r' id="([^"]*)"', html)}

    def kept(link: re.Match[str]) -> str:
        target = unescape(link[1])
        return link[0] if target in ids or unquote(target) in ids else link[2]

    return re.sub(r'<a href="#([^"]*)"[^>]*>(.*?)</a>', kept, html, flags=re.DOTALL)


def _of(cell: NotebookNode, name: str) -> Any:
    return cell.metadata.get("nbgrader", {}).get(name)
