"""What may a misspelt name have meant?"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

MOST = 3
"""How many names are proposed."""


def nearest(name: str, known: Iterable[str]) -> list[str]:
    """Return the names that one may have meant: those that end in it after a dot, else the most alike one.

    Whether letters are large or small is no difference.
    """
    folded = {each.lower(): each for each in known}
    whole = [each for small, each in folded.items() if small.endswith(f".{name.lower()}")]
    alike = get_close_matches(name.lower(), folded, MOST, 0.6)
    alike.sort(key=lambda small: sorted(small) != sorted(name.lower()))  # first, one of the same letters
    return whole[:MOST] or [folded[small] for small in alike[:1]]


def instead(name: str, known: Iterable[str], otherwise: str) -> str:
    """Return what is said after a name that is not known: which one it may have meant, if any, and the rest.

    Parameters
    ----------
    name : str
    known : iterable of str
    otherwise : str
        A clause such as ``it must be one of a, b``.
    """
    names = [repr(each) for each in nearest(name, known)]
    if not names:
        return f"; {otherwise}"
    return f": did you mean {' or '.join(names)}? {otherwise[0].upper()}{otherwise[1:]}"
