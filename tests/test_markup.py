"""Nothing a student writes runs in the browser of whoever grades it, and ordinary text stays as it was."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Any

import nbformat
import nbgrader.server_extensions.formgrader as formgrader
import playwright.sync_api as playwright
import pytest
from nbconvert.exporters import HTMLExporter
from nbconvert.filters import strip_files_prefix
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output, new_raw_cell
from traitlets.config import Config

from autograder.grading.markup import harmless_attachments, harmless_html, harmless_markdown, harmless_outputs
from autograder.nbgrader_hooks.markup import SanitizeMarkup

STATIC = Path(formgrader.__file__).parent / "static"
TEMPLATES = Path(formgrader.__file__).parent / "templates"
PAGE = "http://formgrader.test/formgrader/submissions/1/"
TINY = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

ORDINARY = [
    "a < b, a <= b, x <- y, i <3 u, 5 > 3 & 2 < 3; R&D &amp; more &lt;b&gt;",
    "The loss is $-\\log p_{i,y_i}$, so $p < 1$ and $$\\sum_{i < N} p_i \\le 1$$",
    "\\begin{align}a &= b \\\\ &< c\\end{align}",
    "> a quotation\n> of two lines\n\n- one\n- two\n\n1. first\n2. second\n\n- [x] done\n- [ ] open",
    "| a | b |\n|---|:-:|\n| 1<br>2 | `x` |",
    "See <https://example.org/a/b> and [this](https://example.org/?q=a&b=c) or [above](#Stable-softmax).",
    "```python\nif a < 3 and b > 2:\n    print('x')\n```\n\nand `a < b`, **bold**, *it*, ~~no~~",
    "# A heading\n\nText x<sub>i</sub>\n\nSetext\n======",
    "<details><summary>Answer</summary>\n\nIt is 3.\n\n</details>",
    "![a curve](figures/curve.svg) and term\n: its definition",
]
INVISIBLY_CHANGED = ["if a<b then $a<b$ holds", "`<script>` is a tag", "```html\n<b onclick='x'>bold</b>\n```"]

SCRIPT = "<script>window.pwned=1</script>"
MARKDOWN = {
    "script": SCRIPT,
    "grade by the API": (
        "<script>$.ajax({url: base_url + '/api/grade/1', method: 'PUT', data: '{\"manual_score\": 5}'})</script>"
    ),
    "handler": "<img src=x onerror='window.pwned=1'>",
    "handler over two lines": "text <img src=x\nonerror='window.pwned=1'>",
    "handler in a heading": "# Heading <img src=x onerror='window.pwned=1'>",
    "handler in a table": "|a|\n|-|\n|<img src=x onerror='window.pwned=1'>|",
    "handler in a list of quotations": "- > <img src=x onerror='window.pwned=1'>",
    "drawing": "<svg onload='window.pwned=1'></svg>",
    "details": "<details open ontoggle='window.pwned=1'>x</details>",
    "comment": "<!--><script>window.pwned=1</script>-->",
    "diagram": "```mermaid\n<img src=x onerror='window.pwned=1'>\n```",
    "frame": '<iframe srcdoc="<script>parent.pwned=1</script>"></iframe>',
    "frame from elsewhere": '<iframe src="http://elsewhere.test/"></iframe>',
    "object": '<object data="http://elsewhere.test/"></object>',
    "refresh": '<meta http-equiv="refresh" content="0;url=http://elsewhere.test/">',
    "base": '<base href="http://elsewhere.test/"><img src="x.png">',
    "form": '<form action="http://elsewhere.test/"><button class="press">Save</button></form>',
    "stylesheet": "<style>.scoring-buttons { display: none }</style>",
    "overlay": '<div style="position:fixed;inset:0;z-index:9999">All points given</div>',
    "link": "[press](javascript:window.pwned=1)",
    "link by entity": "[press](&#106;avascript:window.pwned=1)",
    "link by reference": "[press][a]\n\n[a]: javascript:window.pwned=1",
    "link behind files": "[press](files/javascript:window.pwned=1)",
    "autolink": "<javascript:window.pwned=1>",
    "picture from elsewhere": "![x](http://elsewhere.test/x.png)",
    "picture by reference": "![x][a]\n\n[a]: http://elsewhere.test/x.png",
    "picture that logs out": "![x](/logout)",
    "id of a score field": "# check_softmax",
    "id of a score field, underlined": "check_softmax\n===",
    "missing attachment": "![x](attachment:nowhere.png)",
}
HARMLESS_BY_NBCONVERT = {
    "formula": "$<img src=x onerror='window.pwned=1'>$ $$\n<script>window.pwned=1</script>\n$$",
    "code": "`<img src=x onerror='window.pwned=1'>`\n\n~~~\n<script>window.pwned=1</script>\n~~~",
    "title": '[press](http://formgrader.test/# "x\\" onmouseover=\\"window.pwned=1")',
    "tag in two": "<scr\x00ipt>window.pwned=1</scr\x00ipt><<script>script>",
    "diagram of an autolink": "```mermaid\n<https://x/onmouseover=window.pwned=1/style=font-size:99em>\n```",
}
OUTPUTS: dict[str, dict[str, Any]] = {
    "script": {"data": {"text/html": SCRIPT}},
    "handler": {"data": {"text/html": "<table><tr><td><img src=x onerror='window.pwned=1'></td></tr></table>"}},
    "link": {"data": {"text/html": "<a href='java&Tab;script:window.pwned=1'>press</a>"}},
    "overlay": {"data": {"text/html": '<div style="position:fixed;inset:0;z-index:9999">x</div>'}},
    "picture in a style": {"data": {"text/html": '<p style="background:url(http://elsewhere.test/x.png)">x</p>'}},
    "javascript": {"data": {"application/javascript": "window.pwned=1"}},
    "markdown": {"data": {"text/markdown": "[press](javascript:window.pwned=1)"}},
    "frame": {
        "data": {"text/html": "<img src='http://elsewhere.test/x.png'>"},
        "metadata": {"text/html": {"isolated": True}},
    },
    "file name and size": {
        "data": {"image/png": TINY},
        "metadata": {"filenames": {"image/png": "x.png"}, "image/png": {"width": "1 onerror=window.pwned=1"}},
    },
}
OUTPUTS_HARMLESS_BY_NBCONVERT: dict[str, dict[str, Any]] = {
    "formula element": {
        "data": {"text/html": "<math><mtext><style><img src=x onerror='window.pwned=1'></style></math>"}
    },
    "drawing": {"data": {"image/svg+xml": "<svg xmlns='http://www.w3.org/2000/svg' onload='parent.pwned=1'/>"}},
    "type of a picture": {"data": {"image/png": "x' onerror='window.pwned=1"}},
    "formula": {"data": {"text/latex": "<img src=x onerror='window.pwned=1'>"}},
}


@pytest.mark.parametrize("source", ORDINARY)
def test_ordinary_text_is_not_touched(source: str) -> None:
    assert harmless_markdown(source) == source


@pytest.mark.parametrize("source", INVISIBLY_CHANGED)
def test_text_with_tags_looks_as_it_did(source: str) -> None:
    changed = harmless_markdown(source)
    assert changed != source
    assert words(render(changed)).replace("\u200b", "").replace("&lt; b$", "&lt;b$") == words(render(source))


@pytest.mark.parametrize("source", [*ORDINARY, *INVISIBLY_CHANGED, *MARKDOWN.values(), *HARMLESS_BY_NBCONVERT.values()])
def test_cleaning_twice_changes_nothing_more(source: str) -> None:
    once = harmless_markdown(source, reserved={"check_softmax"})
    assert harmless_markdown(once, reserved={"check_softmax"}) == once


@pytest.mark.parametrize(
    "source",
    [
        "$\\href{javascript:window.pwned=1}{x}$",
        "\\\\[ \\style{position:fixed}{x} \\\\]",
        "&#36;&#92;href{javascript:window.pwned=1}{x}&#36;",
        "\\\\begin{equation}\\cssId{check_softmax}{x} \\require{html}\\\\end{equation}",
    ],
)
def test_formulas_make_no_links(source: str) -> None:
    text = re.sub(r"<pre>.*?</pre>", "", render(harmless_markdown(source)), flags=re.DOTALL)
    assert not re.search(r"(\\|&#92;)(href|style|cssId|require)\b", text)
    assert re.search(r"(\\|&#92;)(href|style|cssId|require)\b", render(source))
    assert "\\href" not in harmless_html("<p>$&#92;href{javascript:x}{y}$</p>")


def test_a_text_of_any_length_is_shown_and_rendered_in_time() -> None:
    text = "[" * 200_000
    shown = harmless_markdown(text)
    assert shown.count("[") == len(text)
    assert max(map(len, shown.splitlines())) <= 500


def test_only_pictures_are_attached() -> None:
    attachments = {
        "a.png": {"image/png": TINY},
        "b.svg": {"image/svg+xml": TINY, "image/png": '" onerror="window.pwned=1'},
        "c": {"text/html": TINY},
    }
    assert harmless_attachments(attachments) == {"a.png": {"image/png": TINY}}


def test_metadata_of_student_cells_is_dropped() -> None:
    notebook = new_notebook(
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}, "title": SCRIPT, "widgets": {}},
        cells=[
            new_markdown_cell("x", metadata={"tags": ["fine", "x' modal"], "transient": {"remove_source": True}}),
            new_raw_cell("<b>x</b>", metadata={"raw_mimetype": "text/html", "format": "text/html"}),
            new_code_cell("1", metadata={"magics_language": "html"}),
            new_markdown_cell(
                "<b>ours</b>", metadata={"nbgrader": {"locked": True, "grade": False, "solution": False}}
            ),
        ],
    )
    SanitizeMarkup().preprocess(notebook, {})
    assert set(notebook.metadata) == {"kernelspec"}
    assert [cell.metadata for cell in notebook.cells[:3]] == [{"tags": ["fine"]}, {}, {}]
    assert notebook.cells[1].source == "<\u200bb>x<\u200b/b>"
    assert notebook.cells[3].source == "<b>ours</b>"


def test_honest_outputs_keep_what_they_show() -> None:
    table = '<table class="dataframe"><thead><tr><th>a</th></tr></thead><tbody><tr><td>1</td></tr></tbody></table>'
    outputs = [
        new_output("stream", name="stdout", text="a < b\n"),
        new_output("error", ename="ValueError", evalue="x", traceback=["\x1b[31mValueError\x1b[0m: x"]),
        new_output("execute_result", data={"text/plain": "0.5"}, execution_count=3),
        new_output("display_data", data={"text/html": table, "text/plain": "a\n1"}),
        new_output("display_data", data={"image/png": TINY}, metadata={"image/png": {"width": 300, "alt": "a curve"}}),
        new_output("display_data", data={"text/latex": "$\\frac12$"}),
    ]
    assert harmless_outputs(outputs) == outputs


def test_what_is_left_out_is_said() -> None:
    widget = new_output("display_data", data={"application/vnd.jupyter.widget-view+json": {"model_id": "x"}})
    long = new_output("stream", name="stdout", text="y" * 500)
    kept = harmless_outputs([widget, long, *[long] * 10], max_text=600, max_outputs=4)
    assert "widget-view" in kept[0].data["text/plain"]
    assert sum(len(output.get("text", "")) for output in kept) == 600
    assert "8 more outputs, 900 characters" in kept[-1].data["text/plain"]


def test_drawings_become_pictures() -> None:
    (output,) = harmless_outputs([new_output("display_data", data={"image/svg+xml": "<svg onload='window.pwned=1'/>"})])
    assert output.data["text/html"].startswith('<img src="data:image/svg+xml;base64,')
    assert len(output.data) == 1


@pytest.mark.browser
@pytest.mark.parametrize("name", MARKDOWN)
def test_markup_would_do_harm_in_formgrader(name: str, chromium: Any) -> None:
    assert harm(chromium, [new_markdown_cell(MARKDOWN[name])])


@pytest.mark.browser
@pytest.mark.parametrize("name", OUTPUTS)
def test_outputs_would_do_harm_in_formgrader(name: str, chromium: Any) -> None:
    assert harm(chromium, [new_code_cell("1", outputs=[new_output("display_data", **OUTPUTS[name])])])


@pytest.mark.browser
def test_markup_does_no_harm_once_it_is_clean(chromium: Any) -> None:
    sources = [*MARKDOWN.values(), *HARMLESS_BY_NBCONVERT.values()]
    raw = [new_raw_cell(source, metadata={"raw_mimetype": "text/html"}) for source in sources]
    assert harm(chromium, [*map(new_markdown_cell, sources), *raw], clean=True) == []


@pytest.mark.browser
def test_outputs_do_no_harm_once_they_are_clean(chromium: Any) -> None:
    cells = [
        new_code_cell("1", outputs=[new_output("display_data", **output)])
        for output in (OUTPUTS | OUTPUTS_HARMLESS_BY_NBCONVERT).values()
    ]
    assert harm(chromium, cells, clean=True) == []


@pytest.mark.browser
def test_no_mixture_of_markup_gets_through(chromium: Any) -> None:
    """What Chromium makes of 600 random mixtures holds no element, attribute or address that could do anything."""
    rng = random.Random(2)
    pieces = [
        *"<>/!?`~$#*_[]()|\\&\"'=-:.",
        *(
            "\n",
            "\n\n",
            " ",
            "    ",
            "$$",
            "```",
            "<!--",
            "-->",
            "<![CDATA[",
            "]]>",
            "&lt;",
            "&#60;",
            "\\<",
            "<\n",
            "<details>",
        ),
        *(
            "<br>",
            "<https://a.b/c",
            "img src=x onerror=p()",
            "script>",
            "javascript:p()",
            "![a](",
            "[a](",
            "[a]: ",
            "```mermaid\n",
        ),
        *(
            "files/",
            "data:text/html,",
            "\\begin{a}",
            "\\end{a}",
            "&Tab;",
            "\x00",
            "\u200b",
            "style",
            "svg/onload=p()>",
            "text",
        ),
    ]
    sources = ["".join(rng.choices(pieces, k=rng.randint(2, 14))) for _ in range(600)]
    rendered = [strip_files_prefix(render(harmless_markdown(source))) for source in sources]
    page = chromium.new_page()
    found = page.evaluate(
        """documents => documents.map(html => {
            const body = new DOMParser().parseFromString(html, 'text/html');
            for (const element of body.querySelectorAll('*')) {
                if (/script|style|iframe|object|embed|svg|math|form|base|meta|link|template/i.test(element.localName))
                    return element.outerHTML;
                for (const {name, value} of element.attributes)
                    if (/^(on.*|style|srcdoc|action)$/.test(name) && !/^text-al/.test(value)) return element.outerHTML;
                if (/^(javascript|data|vbscript):$/.test(element.protocol || '')) return element.outerHTML;
            }
            return '';
        })""",
        rendered,
    )
    page.close()
    assert [pair for pair in zip(sources, found, strict=True) if pair[1]] == []


def render(source: str) -> str:
    return MarkdownWithMath(renderer=IPythonRenderer(escape=False)).render(source)


def words(html: str) -> str:
    return re.sub(r"<[^>]*>", "", html)


def harm(chromium: Any, cells: list[Any], clean: bool = False) -> list[str]:
    """What goes wrong when an instructor opens a submission of these cells in formgrader and presses what it offers."""
    fields = {
        "grade": True,
        "locked": True,
        "solution": False,
        "grade_id": "check_softmax",
        "points": 4,
        "schema_version": 3,
    }
    notebook = new_notebook(cells=[*cells, new_code_cell("check(softmax)", metadata={"nbgrader": fields})])
    if clean:
        notebook, _ = SanitizeMarkup().preprocess(notebook, {})
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.outputs = harmless_outputs(cell.outputs)
    try:
        html = formgrader_page(notebook)
    except Exception as error:
        return [f"formgrader answers with an error page: {error}"]

    went_wrong: list[str] = []

    def answer(route: Any) -> None:
        url, method = route.request.url, route.request.method
        if url == PAGE:
            route.fulfill(body=html, content_type="text/html")
        elif "/formgrader/static/" in url:
            route.fulfill(path=STATIC / url.split("/formgrader/static/")[1])
        elif "cdnjs.cloudflare.com/ajax/libs/mathjax" in url:
            route.abort()
        elif url.startswith(PAGE):  # below the submission itself: a page that is not there
            route.fulfill(status=404)
        elif method == "GET" and url.startswith("http://formgrader.test/formgrader/api/"):
            route.fulfill(body="[]", content_type="application/json")
        else:
            went_wrong.append(f"{method} {url}")
            route.abort()

    page = chromium.new_page(viewport={"width": 1200, "height": 900})
    page.route("**/*", answer)
    page.goto(PAGE, wait_until="load")
    try:
        page.evaluate(
            """async () => {
                const offered = document.querySelectorAll('#notebook a, #notebook .press');
                for (const one of [...offered].filter(one => !/^http/.test(one.protocol))) {
                    one.click();
                    await new Promise(next => setTimeout(next));  // else the next one calls this one off
                }
            }"""
        )
        if not went_wrong and not page.evaluate("window.pwned"):
            page.wait_for_load_state("networkidle")
        if page.evaluate("window.pwned"):
            went_wrong.append("a script ran")
        # Both what is looked up by id and what lies on top must be formgrader's own.
        within_reach = page.evaluate(
            """() => {
                const field = document.getElementById('check_softmax');
                if (!field || !field.matches('input.score')) return false;
                field.scrollIntoView({block: 'center'});
                const {x, y, width, height} = document.querySelector('.full-credit').getBoundingClientRect();
                const top = document.elementFromPoint(x + width / 2, y + height / 2);
                return !!top && top.matches('.full-credit');
            }"""
        )
        if not within_reach:
            went_wrong.append(f"the score field cannot be reached on {page.url}")
    except playwright.Error as error:
        went_wrong.append(f"the page is gone: {error}")
    page.close()
    return went_wrong


def formgrader_page(notebook: nbformat.NotebookNode) -> str:
    config = Config()
    config.HTMLExporter.template_name = "formgrade"
    config.HTMLExporter.extra_template_basedirs = [str(TEMPLATES)]
    config.Exporter.default_preprocessors = []
    resources = {
        "assignment_id": "a",
        "notebook_id": "a",
        "submission_id": "1",
        "index": 0,
        "total": 1,
        "base_url": "",
        "student": "ada",
        "notebook_path": "a.ipynb",
    }
    html, _ = HTMLExporter(config=config).from_notebook_node(notebook, resources=resources)
    return html
