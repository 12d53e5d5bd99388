"""How is text that an implementation wrote made harmless?  What can't be seen of it is spelled out."""

from __future__ import annotations

import unicodedata

INVISIBLE = ("Cc", "Cf", "Cs", "Cn", "Zl", "Zp")
"""Unicode categories of what can't be seen: controls, format characters, lone surrogates, …"""


def inert(text: str) -> str:
    r"""Return text with each invisible character but tab and newline spelled out, as ``\u202e``.

    What is left can be written as UTF-8, is legal in XML and reads in the order it is stored in.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_spell, text))


def cut(text: str, most: int) -> str:
    """Return text, or as much of its start as `most` characters hold, with a mark of what is left out."""
    return text if len(text) <= most else text[: most - 1] + "…"


def short(value: object, most: int = 80) -> str:
    """Return a value as Python writes it, cut where it is longer."""
    return cut(repr(value), most)


def in_a_line(text: str, most: int = 1000) -> str:
    """Return text as one line that can act on no terminal; what is longer than `most` is cut."""
    return inert(cut(" ".join(text.split()), most))


def _spell(character: str) -> str:
    if character in "\n\t" or unicodedata.category(character) not in INVISIBLE:
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
