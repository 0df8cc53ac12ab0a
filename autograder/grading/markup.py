"""Student markup, made harmless.

Formgrader shows a submission in the browser in which its instructor is logged in, so markup that runs there acts as
the instructor. Text is changed as little as possible: what could open a tag is broken by a character of no width.
What nbconvert then makes of the text is audited by an allow-list; text that does not pass is shown as its source.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Mapping
from html.parser import HTMLParser
from typing import Any

import nh3
from nbconvert.filters import strip_files_prefix
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode
from nbformat.v4 import new_output

IMAGE_TYPES = ("image/png", "image/jpeg", "image/gif", "image/webp")
TEXT_STYLES = frozenset(
    {
        "background-color",
        "border",
        "border-bottom",
        "border-collapse",
        "border-left",
        "border-right",
        "border-top",
        "color",
        "font-family",
        "font-size",
        "font-style",
        "font-weight",
        "padding",
        "text-align",
        "text-decoration",
        "vertical-align",
        "white-space",
    }
)

_BREAK = "\u200b"
_LONGEST, _LONGEST_LINE = 10_000, 500
_NOTE = "*Shown as its source, since it is very long or holds markup that is not allowed here.*"
_HTML_TAGS = """
a abbr article b blockquote br caption cite code col colgroup dd del details dfn div dl dt em figcaption figure
h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q s samp section small span strong sub summary sup
table tbody td tfoot th thead tr u ul var
"""
_HTML_ATTRIBUTES = {
    "*": {"style", "title", "aria-label", "lang", "dir"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "ol": {"start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
}
_MARKDOWN_TAGS = """
a blockquote br code dd del details div dl dt em h1 h2 h3 h4 h5 h6 hr img input kbd li ol p pre span strong sub
summary sup table tbody td th thead tr ul
"""
_MARKDOWN_CLASSES = ("highlight", "anchor-link", "task-list-item", "task-list-item-checkbox", "contains-task-list")
_DATA_IMAGE = re.compile(r"data:image/(?:png|jpeg|gif|webp|svg\+xml);base64,[A-Za-z0-9+/=\s]*")
_LOCAL_IMAGE = re.compile(r"(?!.*\.\.)[\w-][\w./-]*")
_SCHEME = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*):")
_INVISIBLE = re.compile(r"[\x00-\x20\x7f-\xa0\u200b-\u200f\ufeff]")

# TeX that makes links, attributes or requests; MathJax knows all of these, some by extension.
_TEX = re.compile(
    r"\\(?=(?:href|url|style|class|cssId|require|unicode|mmlToken|includegraphics|bbox|html[A-Z]\w*|data|texttip|mathtip|"
    r"toggle|action|Tooltip|begingroup)(?![A-Za-z]))"
)
_OPENS_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_PLAIN_TAG = re.compile(r"<(?:br ?/?|/?(?:details|kbd|sub|summary|sup))>", re.IGNORECASE)
_AUTOLINK = re.compile(r"<https?://[\w.~/?#@&%:;,+-]+>")
_REGION = re.compile(
    r"(?P<code>(?ms:^[ >\t]*(?P<fence>`{3,}|~{3,}).*?^[ >\t]*(?P=fence))|(?P<ticks>`+)(?s:.+?)(?P=ticks))"
    r"|(?P<math>(?s:\$\$.+?\$\$|\\begin\{(?P<name>[a-z]+\*?)\}.*?\\end\{(?P=name)\})|\$(?!\s)[^$\n]+(?<!\s)\$)"
    rf"|(?P<plain>{_PLAIN_TAG.pattern}|{_AUTOLINK.pattern})"
    r"|(?P<opens><(?=[A-Za-z/!?]))",
    re.IGNORECASE,
)
_MERMAID = re.compile(r"(`{3,}|~{3,})([ \t]*)(?=mermaid)", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_ATX_HEADING = re.compile(rf"(?m)^([ >\t]*#{{1,6}}[ \t]*)(?![#{_BREAK}])(?=\S)")
# What formgrader's own script looks up by id.
_FORMGRADER_IDS = frozenset({"statusmessage", "notebook", "notebook-container", "toc"})


def harmless_html(html: str, styles: Iterable[str] = TEXT_STYLES, heading_ids: bool = False) -> str:
    """HTML without anything that runs, loads, overlays or is looked up by name.

    Parameters
    ----------
    html : str
        Untrusted fragment.
    styles : iterable of str
        CSS properties that inline styles may use.
    heading_ids : bool
        Whether headings keep their ids, as targets of links.
    """
    attributes = {tag: set(names) for tag, names in _HTML_ATTRIBUTES.items()}
    if heading_ids:
        attributes |= {f"h{level}": {"id"} for level in range(1, 7)}
    cleaned = nh3.clean(
        html,
        tags=set(_HTML_TAGS.split()),
        attributes=attributes,
        attribute_filter=_keep_attribute,
        url_schemes={"http", "https", "mailto", "data"},
        filter_style_properties=set(styles),
        allowed_classes={"table": {"dataframe"}},
        link_rel="noopener noreferrer",
    )
    return without_tex(cleaned)


def harmless_markdown(
    source: str, attachments: Mapping[str, Any] | None = None, reserved: Iterable[str] = frozenset()
) -> str:
    """Markdown that looks the same and renders to nothing but text, links and pictures.

    Parameters
    ----------
    source : str
        What a student wrote.
    attachments : mapping of str to mapping, optional
        The cell's attachments, already harmless.
    reserved : iterable of str
        Element ids that no heading may take, such as the grade ids that formgrader looks up.

    Returns
    -------
    str
        `source` itself where it is harmless already; the whole text as a code block where nothing less helps.
    """
    attachments, taken = dict(attachments or {}), _FORMGRADER_IDS.union(reserved)
    source = _CONTROL.sub("", source.replace("\r\n", "\n").replace("\r", "\n"))
    # Parsers of Markdown can be made to take minutes; nobody reads that much in one cell.
    if len(source) > _LONGEST:
        return _as_source(harmless_text(source))
    text = _defuse(source)
    without_images = text.replace("![", "[")
    for candidate in (text, _rename_headings(text), without_images, _rename_headings(without_images)):
        if not _complaint(candidate, attachments, taken):
            return candidate
    return _as_source(text)


def harmless_attachments(attachments: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Attachments that are pictures."""
    kept = {}
    for name, bundle in attachments.items():
        pictures = {mime: data for mime, data in _items(bundle) if mime in IMAGE_TYPES and _is_base64(data)}
        if pictures:
            kept[name] = pictures
    return kept


def harmless_outputs(
    outputs: Iterable[Mapping[str, Any]],
    max_text: int = 100_000,
    max_image: int = 4_000_000,
    max_outputs: int = 200,
) -> list[NotebookNode]:
    """Outputs that student code produced, without anything that could run where they are shown.

    Parameters
    ----------
    outputs : iterable of output nodes
        As executed. They are not changed.
    max_text, max_image : int
        Characters of text, and of base64-encoded pictures, kept for the whole cell.
    max_outputs : int
        Number of outputs kept.

    Returns
    -------
    list of output nodes
        Streams and errors as they were; HTML, Markdown and LaTeX cleaned; drawings as inert pictures; no scripts, no
        widgets. A visible note stands for whatever was left out.
    """
    outputs = list(outputs)
    budget = _Budget(max_text, max_image)
    kept = [node for output in outputs[:max_outputs] if (node := _harmless_output(output, budget)) is not None]
    left_out = [f"{len(outputs) - max_outputs} more outputs"] if len(outputs) > max_outputs else []
    if budget.text_left_out:
        left_out.append(f"{budget.text_left_out} characters of text")
    if budget.images_left_out:
        left_out.append(f"{budget.images_left_out} large pictures")
    if left_out:
        kept.append(_text_output(f"[Left out here, to keep the page readable: {', '.join(left_out)}.]"))
    return kept


def harmless_text(text: str) -> str:
    """Text that opens no tag and makes no formula act, wherever it is shown."""
    return without_tex(_OPENS_TAG.sub("<" + _BREAK, text))


def without_tex(text: str) -> str:
    """Text or HTML in which no command of TeX makes a link, an attribute or a request."""
    return _TEX.sub("\\\\" + _BREAK, text)


def _items(bundle: Any) -> Iterable[tuple[str, Any]]:
    return bundle.items() if isinstance(bundle, Mapping) else ()


def _keep_attribute(tag: str, name: str, value: str) -> str | None:
    if name == "style" and re.search(r"url|\\|@|expression|image", value, re.IGNORECASE):
        return None
    if name == "src":
        return value if _DATA_IMAGE.fullmatch(value) else None
    if name == "href":
        return value if _is_link(value) else None
    if name in ("width", "height"):
        return value if re.fullmatch(r"\d{1,4}", value) else None
    return value


def _is_link(url: str) -> bool:
    scheme = _SCHEME.match(_INVISIBLE.sub("", url))
    return scheme is None or scheme[1].lower() in ("http", "https", "mailto", "attachment")


def _is_base64(data: Any) -> bool:
    if not isinstance(data, str):
        return False
    try:
        base64.b64decode(re.sub(r"\s", "", data), validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def _defuse(source: str) -> str:
    return _REGION.sub(_break_tags, _MERMAID.sub(r"\1text \2", without_tex(source)))


def _break_tags(found: re.Match[str]) -> str:
    text = found[0]
    if found["plain"]:
        return text
    if found["opens"]:
        return "<" + _BREAK
    # In a formula an ordinary space is invisible, and one of no width is not.
    return _OPENS_TAG.sub("< " if found["math"] else "<" + _BREAK, text)


def _rename_headings(text: str) -> str:
    return _ATX_HEADING.sub(rf"\1{_BREAK}", text)


def _as_source(text: str) -> str:
    # nbconvert takes quadratic time over a long line.
    text = re.sub(rf"([^\n]{{{_LONGEST_LINE}}})(?=[^\n])", r"\1\n", text)
    fence = "`" * (max((len(run) for run in re.findall(r"`+", text)), default=0) + 3)
    return f"{_NOTE}\n\n{fence}text\n{text}\n{fence}"


def _complaint(text: str, attachments: Mapping[str, Any], reserved: frozenset[str]) -> str:
    """What nbconvert's rendering of ``text`` holds that it must not; empty where there is nothing."""
    try:
        html = MarkdownWithMath(renderer=IPythonRenderer(escape=False, attachments=dict(attachments))).render(text)
    except Exception as error:  # whatever it is, formgrader would answer with an error page
        return f"cannot be rendered: {error}"
    for rendering in (html, strip_files_prefix(html)):
        audit = _Audit(reserved)
        audit.feed(rendering)
        audit.close()
        if audit.complaint or _TEX.search("".join(audit.text)):
            return audit.complaint or "TeX that makes links or attributes"
    return ""


class _Audit(HTMLParser):
    """Reads a rendering and notes the first thing in it that is not on the list."""

    def __init__(self, reserved: frozenset[str]) -> None:
        super().__init__(convert_charrefs=True)
        self.reserved, self.complaint, self.text = reserved, "", list[str]()
        self._verbatim = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._verbatim += tag in ("pre", "code")
        if tag not in _MARKDOWN_TAGS.split():
            self.complaint = self.complaint or f"<{tag}>"
        for name, value in attrs:
            if not self._allowed(tag, name, value or ""):
                self.complaint = self.complaint or f"{name}={value!r} in <{tag}>"

    def handle_endtag(self, tag: str) -> None:
        self._verbatim -= tag in ("pre", "code")

    def handle_data(self, data: str) -> None:
        if not self._verbatim:
            self.text.append(data)

    def handle_comment(self, data: str) -> None:
        self.complaint = self.complaint or "comment"

    def handle_decl(self, decl: str) -> None:
        self.complaint = self.complaint or "declaration"

    def handle_pi(self, data: str) -> None:
        self.handle_decl(data)

    def unknown_decl(self, data: str) -> None:
        self.handle_decl(data)

    def _allowed(self, tag: str, name: str, value: str) -> bool:
        if name == "class":
            names = value.split()
            short = tag == "span" and all(len(one) < 4 for one in names)
            return short or all(one in _MARKDOWN_CLASSES or one.startswith("language-") for one in names)
        if name == "id":
            return tag in ("h1", "h2", "h3", "h4", "h5", "h6") and value not in self.reserved
        if name == "src":
            return bool(_DATA_IMAGE.fullmatch(value) or _LOCAL_IMAGE.fullmatch(value))
        if name == "href":
            return _is_link(value)
        if name == "style":
            return re.fullmatch(r"text-align:\s*(?:left|right|center);?", value) is not None
        plain = {"img": ("alt", "title"), "a": ("title",), "ol": ("start",), "input": ("disabled", "checked")}
        return name in plain.get(tag, ()) or (tag, name, value) == ("input", "type", "checkbox")


class _Budget:
    """How much a cell may still show."""

    def __init__(self, text: int, image: int) -> None:
        self.text, self.image = text, image
        self.text_left_out = self.images_left_out = 0

    def take_text(self, text: Any) -> str:
        """As much of the beginning of ``text`` as there is room for."""
        text = text if isinstance(text, str) else "" if text is None else str(text)
        taken = text[: self.text]
        self.text -= len(taken)
        self.text_left_out += len(text) - len(taken)
        return taken

    def fits(self, text: str) -> bool:
        """Whether all of ``text`` fits; if so it is taken."""
        if len(text) > self.text:
            return False
        self.text -= len(text)
        return True

    def fits_image(self, data: str) -> bool:
        """Whether the picture fits; if so it is taken."""
        if len(data) > self.image:
            self.images_left_out += 1
            return False
        self.image -= len(data)
        return True


def _harmless_output(output: Mapping[str, Any], budget: _Budget) -> NotebookNode | None:
    kind = output.get("output_type")
    if kind == "stream":
        text = budget.take_text(output.get("text"))
        name = "stderr" if output.get("name") == "stderr" else "stdout"
        return new_output("stream", name=name, text=text) if text else None
    if kind == "error":
        lines = output.get("traceback")
        return new_output(
            "error",
            ename=str(output.get("ename"))[:200],
            evalue=str(output.get("evalue"))[:2000],
            traceback=[budget.take_text(line) for line in (lines if isinstance(lines, list) else [])],
        )
    if kind not in ("display_data", "execute_result"):
        return None
    bundle = output.get("data")
    data = _harmless_bundle(bundle, budget)
    if not data:
        types = ", ".join(sorted(re.sub(r"[^\w/+.-]", "", mime)[:60] for mime, _ in _items(bundle)))
        data = {"text/plain": f"[An output that is not shown here: {types or 'empty'}.]"}
    node = new_output(kind, data=NotebookNode(data), metadata=_harmless_metadata(output.get("metadata")))
    if kind == "execute_result":
        count = output.get("execution_count")
        node.execution_count = count if isinstance(count, int) else None
    return node


def _harmless_bundle(bundle: Any, budget: _Budget) -> dict[str, str]:
    kept = {}
    for mime, value in _items(bundle):
        if not isinstance(value, str):
            continue
        if mime in IMAGE_TYPES:
            if _is_base64(value) and budget.fits_image(value):
                kept[mime] = value
        elif mime == "image/svg+xml":
            # As the source of a picture a drawing can neither run nor load anything; no other form of it is kept.
            encoded = base64.b64encode(value.encode("utf-8", "replace")).decode()
            if "text/html" not in _keys(bundle) and budget.fits_image(encoded):
                kept["text/html"] = f'<img src="data:image/svg+xml;base64,{encoded}" alt="drawing">'
        elif mime in _CLEANERS:
            # Markup that does not fit is left out whole: its beginning alone could mean something else.
            if budget.fits(value):
                kept[mime] = _CLEANERS[mime](value)
            elif "text/plain" not in _keys(bundle):
                budget.text_left_out += len(value)
        elif mime == "text/plain":
            kept[mime] = budget.take_text(value)
    return kept


_CLEANERS: dict[str, Callable[[str], str]] = {
    "text/html": harmless_html,
    "text/markdown": harmless_markdown,
    "text/latex": without_tex,
}


def _keys(bundle: Any) -> set[str]:
    return {mime for mime, _ in _items(bundle)}


def _harmless_metadata(metadata: Any) -> NotebookNode:
    kept: dict[str, dict[str, Any]] = {}
    for mime, values in _items(metadata):
        if mime not in IMAGE_TYPES:
            continue
        kept[mime] = {
            name: value[:1000] if isinstance(value, str) else value
            for name, value in _items(values)
            if (name in ("width", "height") and isinstance(value, int | float))
            or (name == "alt" and isinstance(value, str))
        }
    return NotebookNode(kept)


def _text_output(text: str) -> NotebookNode:
    return new_output("display_data", data=NotebookNode({"text/plain": text}), metadata=NotebookNode())
