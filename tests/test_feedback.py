"""A feedback page says what was earned and why, needs no network, and runs nothing."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from nbgrader.api import Gradebook
from nbgrader.apps import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from pydantic import TypeAdapter
from shared import unfolded
from traitlets.config import Config

from autograder.course import Assignment, Course
from autograder.judging import ledger as ledgers
from autograder.judging.judge import Verdict
from autograder.judging.ledger import Ledger
from autograder.nbgrader_hooks.execution import REPORT
from autograder.nbgrader_hooks.feedback import (
    FeedbackExporter,
    formula,
    markdown_to_html,
    rows,
    show_ledger,
    without_mark_scheme,
)
from gradus.checking import Report
from gradus.checking.naming import KnownSlip, Named, Place
from gradus.checking.pictures import Edge, GraphPicture, Line, Node, PathPicture, Picture
from gradus.checking.report import CaseResult, Failure, Group

EXPORTER = FeedbackExporter()
HOOKS = "autograder.nbgrader_hooks"
TINY = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
SCHEME = (
    "Marked by hand.\n\n=== BEGIN MARK SCHEME ===\n\nThe secret: one point for the maximum.\n\n=== END MARK SCHEME ==="
)
PROSE = """## Stable softmax

Shift by $m = \\max_j s_j$, then

$$p_i = \\frac{e^{s_i - m}}{\\sum_{j} e^{s_j - m}}$$
"""
ANSWER = """Because $\\log$ of a product is a sum, where a<b:

\\begin{align}
\\ell &= -\\log p_y \\\\
     &= m + \\log\\sum_j e^{s_j - m} - s_y
\\end{align}

<script>window.pwned = 1</script> $\\href{javascript:window.pwned=1}{x}$ ![x](http://elsewhere.test/x.png)
"""
FORMULAS = [
    r"-\frac{1}{N}\sum_{n=1}^{N} \log p_{n, y_n}",
    r"\begin{cases} x & \text{if } x > 0 \\ 0 & \text{otherwise} \end{cases}",
    r"\begin{aligned} a &= b \\ &= c \end{aligned}",
    r"\begin{align} a &= b \label{one} \\ &= c \nonumber \end{align}",
    r"\operatorname{softmax}(\mathbf{s})_i = \frac{e^{s_i}}{\sum_j e^{s_j}}",
    r"\mathbb{E}_{x \sim p}[\log q(x)] \in \mathbb{R}^{N \times C}",
    r"\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}\begin{bmatrix} x \\ y \end{bmatrix}",
    r"\text{the class $y$ is right}",
    r"\hat{y} = \mathbf{W}^\top \mathbf{x} + b, \quad \lVert \mathbf{w} \rVert_2^2 \le 1",
    r"\underset{\theta}{\operatorname{arg\,min}}\; \mathcal{L}(\theta) \left( \frac12 \right) \underbrace{a + b}_{c}",
    r"\partial L / \partial s_i = p_i - \mathbf{1}_{[i = y]} \approx 10^{-12}",
]


@pytest.mark.parametrize("tex", FORMULAS)
@pytest.mark.parametrize("display", [False, True])
def test_formulas_of_the_course_become_mathml(tex: str, display: bool) -> None:
    shown = formula(tex, display)
    assert shown.startswith("<math ")
    assert ('display="block"' in shown) == display


@pytest.mark.parametrize(
    "tex", [r"\frac{1}", r"\nosuchcommand{x}", r"\href{javascript:x}{y}", "{" * 4000, "x" * 6000, "}"]
)
def test_a_formula_that_cannot_be_converted_is_shown_as_it_was_written(tex: str) -> None:
    assert formula(tex).startswith('<code class="tex">$')


@pytest.mark.parametrize("tex", [r"\text{</math><script>p()</script>}", r'x" onclick="p()', r"\def\a{\a\a}\a", "a<b>c"])
def test_formulas_stay_formulas(tex: str) -> None:
    shown = formula(tex)
    assert not re.search(r"<(?!/?(?:math|m[a-z]+|code)\b)", shown)
    assert "onclick" not in re.sub(r'"[^"]*"|>[^<]*<', "", shown)


def test_headings_keep_the_anchors_of_the_notebook() -> None:
    assert '<h2 id="Stable-softmax">Stable softmax</h2>' in markdown_to_html("## Stable softmax")
    assert '<h2 id="The-loss-$L$">' in markdown_to_html("## The loss $L$")


def test_prose_is_clean_without_help() -> None:
    shown = markdown_to_html(
        "x <script>p()</script> <b onclick='p()' style='position:fixed'>y</b> [z](javascript:p()) ![](http://a/b.png)\n\n"
        "```mermaid\n<img src=x onerror='p()'>\n```\n\n- [x] done, $a<b$"
    )
    assert not re.search(r"<script|onclick|position|javascript:|http://|<img", shown)
    assert "&lt;img src" in words(shown)
    assert "☑ done" in words(shown)


def test_mark_schemes_are_cut_out_even_when_they_do_not_end() -> None:
    assert without_mark_scheme(SCHEME).strip() == "Marked by hand."
    assert without_mark_scheme("a\n=== BEGIN MARK SCHEME ===\nb") == "a"


def test_the_summary_lists_what_can_earn_points() -> None:
    def cell(kind: Any, name: str, **fields: Any) -> nbformat.NotebookNode:
        return kind("x", metadata={"nbgrader": {"grade_id": name, "grade": True, "solution": False} | fields})

    found = rows(
        [
            new_markdown_cell("prose"),
            cell(new_code_cell, "softmax", grade=False, solution=True),
            cell(new_code_cell, "check_softmax", points=4, score=2.5),
            cell(new_markdown_cell, "answer_why-log", points=3, score=0, needs_manual_grade=True, solution=True),
            cell(new_markdown_cell, "mark_scheme_why-log", points=0, score=0, grade=False, task=True),
        ]
    ).values()
    assert [(row.title, row.kind, row.state) for row in found] == [
        ("softmax", "Code", "part"),
        ("Why log", "Written answer", "waiting"),
    ]


def failed(kind: str, message: str = "") -> Report:
    return Report("softmax", failure=Failure(kind, "large scores", "far apart", message, "", ()))


@pytest.mark.parametrize(
    ("fields", "judged", "said"),
    [
        ({"score": 4}, failed("values"), []),
        ({"needs_manual_grade": True}, None, []),
        ({}, None, [""]),
        ({"left_empty": True}, None, ["You left this empty."]),
        ({}, Report("softmax", unanswered="the check cell was not run"), ["The check cell was not run."]),
        ({}, failed("unwritten", "Write your code."), ["Write your code."]),
        ({}, failed("raised", f"Your code raised {'x' * 999}."), [f"Your code raised {'x' * 142}…."]),
        ({"score": 2}, failed("values"), ["First case that fails: large scores, far apart."]),
        (
            {},
            replace(failed("values"), leans_on=("log_softmax",)),
            ["First mend log_softmax, which this one calls.", "First case that fails: large scores, far apart."],
        ),
    ],
)
def test_the_summary_says_what_to_mend(fields: dict[str, Any], judged: Report | None, said: list[str]) -> None:
    """Where no slip is named, the paragraph to read is the one that the exercise stands in."""
    cells = [
        new_markdown_cell("# 01 · Tiny\n\n## Before\n\n### Exercise 1: softmax\n\nWrite it."),
        new_markdown_cell("## Mine", metadata={"gradus": {"role": "own"}}),
        check(**fields),
    ]
    (row,) = rows(cells, {"check_softmax": judged} if judged else {}).values()
    assert [step.what for step in row.steps] == said
    if said:
        assert (row.steps[-1].place, row.steps[-1].anchor) == ("“Exercise 1: softmax”", "Exercise-1:-softmax")


def test_the_title_is_no_paragraph_to_read_again() -> None:
    (row,) = rows([new_markdown_cell("# 01 · Tiny"), check()]).values()
    assert row.steps == []


def test_the_heading_is_the_notebooks_own_title() -> None:
    mine = new_markdown_cell("# Mine", metadata={"gradus": {"role": "own"}})
    html = whole_page([mine, new_code_cell("# A comment"), new_markdown_cell("Hello\n\n# 01 · Tiny & so on")])
    assert "<h1>01 · Tiny &amp; so on</h1>" in html
    assert "<title>Feedback: 01 · Tiny &amp; so on</title>" in html
    named = EXPORTER.from_notebook_node(new_notebook(), {"metadata": {"name": "01_tiny_one"}})[0]
    assert "<h1>01 tiny one</h1>" in named


def cells_of_every_kind() -> list[nbformat.NotebookNode]:
    def marked(role: str, **fields: Any) -> dict[str, Any]:
        return {"gradus": {"role": role}, **({"nbgrader": fields} if fields else {})}

    return [
        new_markdown_cell("# 01 · Tiny\n\nGIVEN\n\n## Stable $p$\n\n### Exercise 1"),
        new_code_cell("GIVEN = 1", metadata=marked("setup")),
        new_code_cell("GIVEN.demo()", metadata={"tags": ["demo"]}),
        new_code_cell("OWN = 1", metadata=marked("own")),
        new_code_cell("OWN = 2", metadata=marked("solution", grade_id="softmax", solution=True)),
        check(score=4.0),
        new_markdown_cell("OWN words", metadata=marked("own")),
        new_code_cell("GIVEN.figure()", metadata={"tags": ["figure"]}),
        new_markdown_cell(
            "OWN answer", metadata=marked("", grade_id="answer_why", grade=True, solution=True, points=3)
        ),
        new_markdown_cell("GIVEN marks.", metadata=marked("", grade_id="mark_scheme_why", task=True)),
        new_markdown_cell("OWN remark", metadata=marked("", grade_id="mark_scheme_2", task=True, comment="Well done.")),
    ]


def test_what_was_given_is_folded_and_what_was_written_is_in_view() -> None:
    html = page(cells_of_every_kind())
    shown = words(unfolded(html))
    assert (words(html).count("GIVEN"), shown.count("GIVEN")) == (5, 0)
    assert (words(html).count("OWN"), shown.count("OWN")) == (5, 5)
    assert "painted" in shown
    assert "check(softmax)" not in words(html)
    assert "<details open" not in html
    summaries = re.findall(r'<details class="given"><summary>(.*?)</summary>', html)
    assert list(map(words, summaries)) == [
        "From the notebook: Stable p · Exercise 1",
        "More of the notebook",
        "More of the notebook",
    ]
    sections = [words(text) for text in re.findall(r'<section [^>]*class="exercise.*?</section>', html, re.DOTALL)]
    assert [("OWN = 1" in text, "OWN = 2" in text, "OWN answer" in text) for text in sections] == [
        (True, True, False),
        (False, False, True),
    ]


def test_an_answer_that_the_notebook_folds_stays_folded(tmp_path: Path) -> None:
    shown = markdown_to_html("<details><summary>Answer</summary>\n\nIt is *four*.\n\n</details>", path=str(tmp_path))
    assert re.search(r"<details><summary>Answer</summary>\s*<p>It is <em>four</em>.</p>\s*</details>", shown)


def test_an_output_is_shown_in_the_form_that_needs_no_browser_script() -> None:
    outputs = [
        new_output(
            "display_data", data={"application/vnd.jupyter.widget-view+json": {"model_id": "m"}, "image/png": TINY}
        ),
        new_output("display_data", data={"application/vnd.jupyter.widget-view+json": {"model_id": "m"}}),
        new_output("display_data", data={"application/javascript": "window.pwned = 1", "text/plain": "in words"}),
        new_output("stream", name="stdout", text="<script>window.pwned = 1</script>"),
    ]
    html = page([new_code_cell("x < 1", outputs=outputs)])
    assert "data:image/png" in html
    assert "An interactive figure" in html
    assert "in words" in html
    assert "<script" not in html


def test_the_report_of_the_judge_stands_alone() -> None:
    report = '<section aria-label="check" style="border-left:5px solid #b3261e;max-width:62em">one case fails</section>'
    outputs = [
        new_output("display_data", data={"text/html": report, "text/plain": "-"}, metadata={REPORT: True}),
        new_output("execute_result", data={"text/plain": "2.5"}),
    ]
    html = page([new_code_cell("check(softmax)", outputs=outputs)])
    assert "max-width:62em" in html
    assert "2.5" not in html


REPORTS = TypeAdapter(Report)
PATH = PathPicture(
    "two steps",
    (Line.of("the reference", "expected", [[0, 0], [1, 1]]), Line.of("yours", "got", [[0, 0], [1, 2]], 1)),
    "across",
    "up",
)
GRAPH = GraphPicture(
    "a graph", (Node("x", "x", "2", "1", wrong=True), Node("y", "y")), (Edge("x", "y", "dy/dx", True),)
)


def report(picture: Picture | None = PATH) -> Report:
    """A report with something in every field."""
    return Report(
        "softmax",
        (CaseResult("ordinary", "one row", True, ""), CaseResult("large", "far apart", False, "wrong in 2 of 3")),
        (Group("ordinary", "ordinary", 1, 1), Group("large", "large scores", 0, 1)),
        Failure("values", "large scores", "far apart", "wrong in 2 of 3", "line 3: return p", (("got p", "[1. 2.]"),)),
        (
            Named(
                KnownSlip("one-max", "one maximum", "Rows underflow.", Place("stable", "01", "Stable softmax")),
                ("large",),
            ),
        ),
        ("scores",),
        ("RuntimeWarning: overflow",),
        ("log_softmax",),
        picture=picture,
    )


def check(**fields: Any) -> nbformat.NotebookNode:
    marks = {"grade_id": "check_softmax", "grade": True, "solution": False, "points": 4.0, **fields}
    outputs = [
        new_output("display_data", data={"text/html": "<b>painted</b>"}, metadata={REPORT: True}),
        new_output("execute_result", data={"text/plain": "3.75"}),
    ]
    return new_code_cell("check(softmax)", metadata={"nbgrader": marks}, outputs=outputs)


def ledger(judged: Report, share: float = 0.5, **fields: Any) -> Ledger:
    """A ledger as it comes from its file."""
    verdicts = {"check_softmax": Verdict("softmax", share, judged)}
    return Ledger.from_bytes(Ledger("01_tiny", "1", "2", verdicts, **fields).to_bytes())


def test_reports_points_and_remarks_are_the_ledgers() -> None:
    html = page([new_markdown_cell("## Stable softmax"), check()], ledger(report(), remarks=("The kernel died.",)))
    shown = words(html)
    assert "softmax: 1 of 2 cases pass (2 of 4 points)" in shown
    assert "softmax2 of 4 points" in shown
    whole = words(whole_page([new_markdown_cell("## Stable softmax"), check()], ledger(report())))
    assert "calls. One maximum. Read again: notebook 01, “Stable softmax”." in whole
    assert "This is a known mistake: one maximum. Rows underflow. Read again: notebook 01, “Stable softmax”." in shown
    assert '<a href="#Stable-softmax"' in html
    assert 'src="data:image/svg+xml;base64,' in html
    assert "Two steps." in html
    assert "While your notebook was graded: The kernel died." in words(
        whole_page([check()], ledger(report(), remarks=("The kernel died.",)))
    )
    assert "painted" not in html
    assert "3.75" not in html


def test_without_a_ledger_the_page_shows_what_stands_in_the_notebook() -> None:
    html = page([check(score=3.75)])
    assert "<b>painted</b>" in html
    assert "3.75 of 4 points" in words(html)
    assert html.count("3.75") == 1
    assert "While your notebook" not in whole_page([check()])


def test_points_that_a_person_gave_stand() -> None:
    html = whole_page([check(by_hand=True, score=3.0)], ledger(report()))
    assert "softmax 3 of 4" in words(html)
    assert "Points by the grader." in words(html)
    assert "2 of 4" not in html


@pytest.mark.parametrize(
    "fields", [{"grade": False}, {"solution": True}, {"grade": False, "solution": True}, {"grade_id": "check_other"}]
)
def test_a_ledger_says_nothing_about_other_cells(fields: dict[str, Any]) -> None:
    assert "cases pass" not in page([check(**fields)], ledger(report()))


def test_a_slip_of_another_notebook_is_named_without_a_link() -> None:
    html = page([new_markdown_cell("## Sums"), check()], ledger(report()))
    assert "Read again: notebook 01, “Stable softmax”." in words(html)
    assert "#Stable-softmax" not in html


def texts(plain: Any) -> Iterator[Callable[[str], None]]:
    """A setter of every text in a tree."""
    for key, value in list(plain.items() if isinstance(plain, dict) else enumerate(plain)):
        if isinstance(value, str):
            yield lambda text, key=key: plain.__setitem__(key, text)
        elif isinstance(value, dict | list):
            yield from texts(value)


class Shape(HTMLParser):
    """The elements of a page with the names of their attributes: all that markup can add to it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.shape: list[Any] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.shape.append((tag, [name for name, _ in attrs]))

    def handle_endtag(self, tag: str) -> None:
        self.shape.append(tag)

    def handle_comment(self, data: str) -> None:
        self.shape.append("comment")

    def handle_decl(self, decl: str) -> None:
        self.shape.append("declaration")


HOSTILE = (
    "<script>p()</script>",
    "\"'><img src=x onerror=p()>",
    "</pre></td></section><style>*{}</style><!--",
    "javascript:p()//",
    "]]></svg><svg onload=p()>&#60;script&#62;",
)


@pytest.mark.parametrize("picture", [PATH, GRAPH])
@pytest.mark.parametrize("hostile", HOSTILE)
def test_no_text_of_a_report_is_markup(hostile: str, picture: Picture) -> None:
    """One text after another is exchanged; a tame one in its place gives the same elements."""
    plain = REPORTS.dump_json(report(picture)).decode()
    tried = 0
    for index, _ in enumerate(texts(json.loads(plain))):
        pages = []
        for text in (hostile, "tame"):
            tree = json.loads(plain)
            list(texts(tree))[index](text)
            try:
                judged = REPORTS.validate_json(json.dumps(tree), strict=True)
            except ValueError:
                break  # a picture takes no text here
            pages.append((judged._repr_html_(), whole_page([check()], ledger(judged))))
        else:
            tried += 1
            for bad, tame in zip(*pages, strict=True):
                assert Shape(bad).shape == Shape(tame).shape
    assert tried > 25


def test_no_remark_is_markup() -> None:
    for hostile in HOSTILE:
        bad, tame = (
            Shape(whole_page([check()], ledger(report(), remarks=(text,)))).shape for text in (hostile, "tame")
        )
        assert bad == tame


def test_a_drawing_of_a_report_runs_nothing() -> None:
    """Whatever it says, it is the source of a picture."""
    hostile = PathPicture(HOSTILE[0], tuple(Line.of(HOSTILE[0], role, [[0, 0]]) for role in ("expected", "got")))
    html = page([check()], ledger(report(hostile)))
    assert "<svg" not in html
    assert len(re.findall(r'src="data:image/svg\+xml;base64,[A-Za-z0-9+/=]+"', html)) == 1


@pytest.fixture(scope="module")
def feedback(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The pages of three students.

    Ada's answer was graded by hand, Bob's was not yet, but his code was. Ada has a ledger, Bob's is broken. Cleo wrote
    nothing.
    """
    root = tmp_path_factory.mktemp("course")
    source = root / "source" / "01_tiny" / "01_tiny.ipynb"
    source.parent.mkdir(parents=True)
    nbformat.write(tiny_assignment(), source)
    config = Config()
    config.CourseDirectory.root = str(root)
    config.CourseDirectory.course_id = "tiny"
    config.Autograde.sanitize_preprocessors = [
        f"{HOOKS}.markup.SanitizeMarkup",
        "nbgrader.preprocessors.OverwriteCells",
    ]
    config.Autograde.autograde_preprocessors = [
        "nbgrader.preprocessors.Execute",
        "nbgrader.preprocessors.SaveAutoGrades",
    ]
    config.GenerateFeedback.exporter_class = f"{HOOKS}.feedback.FeedbackExporter"
    config.GenerateFeedback.preprocessors = [f"{HOOKS}.feedback.FeedbackGrades"]
    directory = CourseDirectory(config=config)
    api = NbGraderAPI(directory, config=config)
    done(api.generate_assignment("01_tiny"))
    for student in ("ada", "bob", "cleo"):
        submitted = root / "submitted" / student / "01_tiny" / "01_tiny.ipynb"
        submitted.parent.mkdir(parents=True)
        shutil.copy(root / "release" / "01_tiny" / "01_tiny.ipynb", submitted)
        notebook = nbformat.read(submitted, 4)
        assert "secret" not in str(notebook)
        if student == "cleo":
            done(api.autograde("01_tiny", student))
            continue
        cells = {cell.metadata.get("nbgrader", {}).get("grade_id"): cell for cell in notebook.cells}
        cells["softmax"].source = "def softmax(scores):\n    print('<b>working</b>')\n    return scores < 3"
        cells["answer_why-log"].source = ANSWER
        nbformat.write(notebook, submitted)
        done(api.autograde("01_tiny", student))
    with Gradebook(directory.db_url, "tiny") as gradebook:
        gradebook.find_grade("answer_why-log", "01_tiny", "01_tiny", "ada").manual_score = 2
        gradebook.find_grade("answer_why-log", "01_tiny", "01_tiny", "ada").needs_manual_grade = False
        comment = gradebook.find_comment("answer_why-log", "01_tiny", "01_tiny", "ada")
        comment.manual_comment = "Good; say why $m$ **drops out**."
        gradebook.find_grade("check_softmax", "01_tiny", "01_tiny", "bob").manual_score = 3
        gradebook.db.commit()
    paths = {who: ledgers.path_of(Course(root), Assignment("01_tiny", root), who) for who in ("ada", "bob")}
    ledgers.write(paths["ada"], ledger(report(), 1.0, remarks=("A <b>remark</b>.",)).to_bytes())
    ledgers.write(paths["bob"], b"{")
    pages = {who: root / "feedback" / who / "01_tiny" / "01_tiny.html" for who in ("ada", "bob", "cleo")}
    for student in pages:
        done(api.generate_feedback("01_tiny", student))
    return pages


def test_the_page_says_what_was_earned_and_by_whom_it_was_graded(feedback: dict[str, Path]) -> None:
    ada, bob = (words(feedback[student].read_text(encoding="utf-8")) for student in ("ada", "bob"))
    assert "6 of 7 points" in ada
    assert "Good; say why" in ada
    assert "with 1 answer not graded yet" in bob
    assert "working" in ada


def test_the_ledger_is_found_and_a_broken_one_stops_nothing(feedback: dict[str, Path]) -> None:
    ada, bob = (words(feedback[student].read_text(encoding="utf-8")) for student in ("ada", "bob"))
    assert "softmax: 1 of 2 cases pass (4 of 4 points)" in ada
    assert "A &lt;b&gt;remark&lt;/b&gt;." in ada
    assert "Points by the grader" not in ada
    assert "softmax 3 of 4 Read again: “Stable softmax”. Points by the grader." in bob
    assert "cases pass" not in bob


def test_an_answer_left_empty_has_no_comment_by_a_grader(feedback: dict[str, Path]) -> None:
    cleo = words(feedback["cleo"].read_text(encoding="utf-8"))
    assert "Why log 0 of 3 You left this empty. Read again: “Stable softmax”." in cleo
    assert "No response" not in cleo
    assert "Comment by the grader" not in cleo


def test_mark_schemes_are_not_in_the_page(feedback: dict[str, Path]) -> None:
    graded = feedback["ada"].parents[3] / "autograded" / "ada" / "01_tiny" / "01_tiny.ipynb"
    assert "The secret" in graded.read_text(encoding="utf-8")
    assert "The secret" not in feedback["ada"].read_text(encoding="utf-8")
    config = Config({"FeedbackExporter": {"show_mark_schemes": True}})
    assert "The secret" in unfolded(FeedbackExporter(config=config).from_filename(str(graded))[0])


@pytest.mark.browser
def test_the_page_needs_no_network_and_runs_nothing(feedback: dict[str, Path], chromium: Any) -> None:
    tab, asked, said = chromium.new_page(), [], []
    tab.route("**/*", lambda route: (asked.append(route.request.url), route.continue_()))
    tab.on("console", lambda message: said.append(message.text))
    for path in feedback.values():
        tab.goto(path.as_uri(), wait_until="networkidle")
        assert tab.evaluate("window.pwned") is None
        assert tab.locator("math").count() >= (2 if path == feedback["cleo"] else 4)
        assert tab.locator("script, iframe, object, form, link").count() == 0
    assert {url.partition(":")[0] for url in asked} <= {"file", "data"}
    assert said == []


@pytest.mark.browser
def test_folds_open_without_a_script_by_hand_and_by_a_link_into_them(chromium: Any, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(
        whole_page([new_markdown_cell("Before\n\n## Stable softmax\n\nShift."), check()], ledger(report())),
        encoding="utf-8",
    )
    for opened_by in ("summary", "tr.mend a"):
        tab = chromium.new_page(viewport={"width": 390, "height": 700}, java_script_enabled=False)
        tab.goto((tmp_path / "page.html").as_uri())
        heading = tab.locator("h2", has_text="Stable softmax")
        assert not heading.is_visible()
        assert tab.locator("pre", has_text="[1. 2.]").is_visible()
        tab.locator(opened_by).click()
        assert heading.is_visible()
        assert 0 <= heading.bounding_box()["y"] < 700
        tab.close()


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 1366])
def test_nothing_on_the_page_is_wider_than_the_page(width: int, chromium: Any) -> None:
    rows_of = "\n".join("[" + " ".join(["0.123456789"] * 6) + "]" for _ in range(3))
    shown = (("expected p", rows_of), ("got p", rows_of), ("input scores", rows_of))
    tab = chromium.new_page(viewport={"width": width, "height": 800})
    wide = replace(report(), failure=Failure("values", "ordinary", "one row", "It is wrong.", "", shown))
    tab.set_content(whole_page([*cells_of_every_kind()[:-6], check()], ledger(wide)))
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    boxes = [tab.locator("dl > div").nth(index).bounding_box() for index in range(3)]
    assert all(box["x"] + box["width"] <= width for box in boxes)
    assert boxes[1]["y"] - boxes[0]["y"] < 200, "expected and got fit on one screen"
    assert tab.locator("dl pre").first.evaluate("box => box.scrollWidth > box.clientWidth") is (width == 390)


@pytest.mark.browser
def test_the_page_is_accessible_and_fits_a_telephone(feedback: dict[str, Path], chromium: Any) -> None:
    tab = chromium.new_page(viewport={"width": 360, "height": 700})
    tab.goto(feedback["ada"].as_uri())
    assert tab.evaluate("document.documentElement.scrollWidth") <= 360
    assert tab.locator("main").count() == tab.locator("header").count() == 1
    assert tab.locator("img:not([alt])").count() == 0
    assert tab.evaluate("document.documentElement.lang") == "en"
    dangling = (
        "[...document.querySelectorAll('a[href^=\"#\"]')].filter(a => !document.getElementById(a.hash.slice(1))).length"
    )
    assert tab.evaluate(dangling) == 0
    waits = check(grade_id="check_gradient_of_the_binary_cross_entropy", needs_manual_grade=True)
    tab.set_content(whole_page([waits], ledger(report())))
    assert tab.evaluate("document.documentElement.scrollWidth") <= 360


def tiny_assignment() -> nbformat.NotebookNode:
    def graded(name: str, **fields: Any) -> dict[str, Any]:
        plain = {"schema_version": 3, "grade": False, "locked": False, "solution": False, "task": False}
        return {"nbgrader": {**plain, "grade_id": name, **fields}}

    return new_notebook(
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        cells=[
            new_markdown_cell("# Tiny"),
            new_markdown_cell(PROSE),
            new_code_cell("### BEGIN SOLUTION\npass\n### END SOLUTION", metadata=graded("softmax", solution=True)),
            new_code_cell("assert softmax(1)", metadata=graded("check_softmax", grade=True, locked=True, points=4)),
            new_markdown_cell("?", metadata=graded("answer_why-log", grade=True, solution=True, points=3)),
            new_markdown_cell(SCHEME, metadata=graded("mark_scheme_why-log", task=True, locked=True, points=0)),
        ],
    )


def whole_page(cells: list[nbformat.NotebookNode], kept: Ledger | None = None) -> str:
    notebook, resources = new_notebook(cells=cells), dict[str, Any]()
    if kept:
        show_ledger(notebook, resources, kept)
    return EXPORTER.from_notebook_node(notebook, resources)[0]


def page(cells: list[nbformat.NotebookNode], kept: Ledger | None = None) -> str:
    html = whole_page(cells, kept)
    return html[html.index("<article") :]


def words(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", html))


def done(result: dict[str, Any]) -> None:
    assert result["success"], result.get("error", "") + result.get("log", "")
