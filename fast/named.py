"""Which initializer, regularizer or constraint does an argument stand for?  It may be given in many forms.

Each is an object that is called; a config holds its class and its settings.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any


def object_of(argument: str, value: object, kinds: Sequence[type]) -> Callable[..., Any]:
    """Return the object that an argument stands for, or refuse it.

    Parameters
    ----------
    argument
        The name of the argument.
    value
        The name of one of the kinds, with or without capitals and underscores; or what
        `config_of` returns of one; or any callable, which stands for itself, but a class
        for the object that it makes without arguments.
    kinds
        The classes that have a name here.

    Raises
    ------
    TypeError
        If a config has settings that its class has not.
    ValueError
        If there is no such class, or a setting is not allowed.
    """
    by_name = {kind.__name__.lower(): kind for kind in kinds}
    if isinstance(value, str):
        kind, settings = by_name.get(_plain(value)), {}
    elif isinstance(value, Mapping):
        kind, settings = by_name.get(_plain(str(value.get("class_name")))), value.get("config", {})
    elif callable(value):
        return value() if isinstance(value, type) else value
    else:
        kind, settings = None, {}
    if kind is None:
        *others, last = (repr(known.__name__) for known in kinds)
        names = f"{', '.join(others)} or {last}" if others else last
        raise ValueError(f"{argument}={value!r}: give None, a callable, or by name {names}.")
    found: Callable[..., Any] = kind(**settings)
    return found


def config_of(value: object, kinds: Sequence[type]) -> object:
    """Return what `object_of` makes an equal object from; what is of none of the kinds stays as it is."""
    if type(value) not in kinds:
        return value
    return {"class_name": type(value).__name__, "config": dict(vars(value))}


def _plain(name: str) -> str:
    return name.replace("_", "").lower()
