"""How does text that an implementation wrote get onto a page?  Inert: nothing in it can act.

An implementation's messages are not ours: they may hold markup, control characters or marks that reverse
the direction of writing.  Every template is rendered through here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from jinja2.filters import do_forceescape, do_mark_safe

from adjoint.inert import in_a_line, inert


def markup_environment() -> Environment:
    """Return the environment of the HTML and XML templates: every value is made inert, then escaped."""
    return _environment(True, inert)


def markdown_environment() -> Environment:
    """Return the environment of the Markdown templates: every value is made prose, unless it is `code`."""
    environment = _environment(False, prose)
    environment.filters["code"] = code
    environment.filters["fenced"] = fenced
    environment.filters["in_tag"] = in_tag
    return environment


def prose(text: str) -> str:
    """Return text as one line of Markdown that means itself: no markup, no HTML, no links."""
    line = in_a_line(text)
    return do_mark_safe(re.sub(r"[\\`*_{}\[\]<>&|~$]|:(?=//)", r"\\\g<0>", line))


def code(text: str, most: int = 400) -> str:
    """Return text as one Markdown code span, fit for a table; what is longer than `most` is cut.

    Parameters
    ----------
    text : str
    most : int
        How many characters to keep.
    """
    shown = in_a_line(text, most)
    fence = "`" * (1 + max(map(len, re.findall("`+", shown)), default=0))
    return do_mark_safe(f"{fence}{_pad(shown)}{fence}".replace("|", "\\|"))


def fenced(text: str) -> str:
    """Return a script as a fenced block of Markdown, whatever fences it holds itself."""
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
    language = "javascript" if text.startswith("//") else "python"
    return do_mark_safe(f"{fence}{language}\n{inert(text).rstrip()}\n{fence}")


def in_tag(text: str) -> str:
    """Return text as one line between HTML tags, where the escapes of Markdown do not count."""
    return do_forceescape(in_a_line(text))


def is_web_address(link: str) -> bool:
    """Tell whether a link may be followed: others, such as ``javascript:``, are shown as text."""
    return link.startswith(("https://", "http://"))


def _pad(text: str) -> str:
    return f" {text} " if not text or text[0] == "`" or text[-1] == "`" else text


def _environment(autoescape: bool, clean: Callable[[str], str]) -> Environment:
    def finalize(value: Any) -> Any:
        return clean(value) if isinstance(value, str) and not hasattr(value, "__html__") else value

    environment = Environment(
        loader=PackageLoader("adjoint.reports"),
        undefined=StrictUndefined,
        autoescape=autoescape,
        finalize=finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.tests["web_address"] = is_web_address
    return environment
