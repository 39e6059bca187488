"""Marked-up text as plain text."""

import html
import re

_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]*)([^<>]*)>")
_ADDRESS = re.compile(r"""\bhref\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"']+))""", re.IGNORECASE)
_SPACES = re.compile(r"[^\S\n]+")
_NEWLINES = re.compile(r" ?\n ?(?:\n ?)+")
# Anything but a new line; lone surrogates can neither be stored nor sent.
_UNPRINTABLE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\ufeff\ufffe\uffff\ud800-\udfff]")

_PARAGRAPHS = {
    "address", "article", "blockquote", "center", "dd", "div", "dl", "dt", "fieldset", "footer",
    "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "ol", "p", "pre", "section",
    "table", "ul",
}  # fmt: skip
_BREAKS = {"br": "\n", "li": "\n- ", "tr": "\n", "td": " ", "th": " "}
_PLAIN = {
    "a", "abbr", "b", "big", "body", "caption", "cite", "code", "del", "em", "font", "html", "i",
    "ins", "label", "mark", "q", "s", "small", "span", "strike", "strong", "sub", "sup", "tbody",
    "tfoot", "thead", "tt", "u", "wbr",
}  # fmt: skip
_UNSEEN = {"script", "style", "title", "head"}
_LOST = {
    "audio": "a sound", "button": "a button", "canvas": "a drawing", "embed": "an insert",
    "iframe": "an insert", "img": "an image", "input": "a field", "object": "an insert",
    "script": "a script", "select": "a field", "svg": "a drawing", "textarea": "a field",
    "video": "a video",
}  # fmt: skip
_TAGS = _PARAGRAPHS | _BREAKS.keys() | _PLAIN | _UNSEEN | _LOST.keys()


def plain_text(marked_up: str) -> tuple[str, list[str]]:
    """The text that is seen, and what of it could not be kept, such as "an image". A link's address
    follows it in brackets.

    Tags are found one by one instead of by html.parser, which takes quadratic time over tags that
    are never closed.
    """
    written: list[str] = []
    lost: list[str] = []
    unseen = address = ""
    end = 0
    text = _without_comments(marked_up)
    for tag in _TAG.finditer(text):
        closing, name, attributes = tag.group(1), tag.group(2).lower(), tag.group(3)
        if name not in _TAGS:
            continue
        if not unseen:
            written.append(_flowing(text[end : tag.start()]))
        end = tag.end()
        if unseen:
            unseen = "" if closing and name == unseen else unseen
            continue
        if not closing and name in _LOST:
            lost.append(_LOST[name])
        if name in _UNSEEN:
            unseen = "" if closing else name
        elif name == "a":
            written.append(f" [{address}]" if closing and address else "")
            address = "" if closing else _address(attributes)
        else:
            written.append(_break(name, closing))
    if not unseen:
        written.append(_flowing(text[end:]))
    return tidy("".join(written)), list(dict.fromkeys(lost))


def tidy(text: str) -> str:
    """Without what cannot be printed, and with at most one space or empty line between words."""
    return _NEWLINES.sub("\n\n", _SPACES.sub(" ", _printable(text))).strip()


def _printable(text: str) -> str:
    unified = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    return _UNPRINTABLE.sub("", unified)


def _without_comments(text: str) -> str:
    first, *rest = text.split("<!--")
    return first + "".join(part.partition("-->")[2] for part in rest)


def _flowing(text: str) -> str:
    return " ".join(html.unescape(text).replace("\xa0", " ").split("\n"))


def _break(name: str, closing: str) -> str:
    if name in _PARAGRAPHS:
        return "\n\n"
    return "" if closing else _BREAKS.get(name, "")


def _address(attributes: str) -> str:
    found = _ADDRESS.search(attributes)
    address = html.unescape(next(filter(None, found.groups()), "")) if found else ""
    return address if address.startswith(("http://", "https://", "mailto:")) else ""
