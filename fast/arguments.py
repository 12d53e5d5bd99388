"""What may an argument be? Checks that return the value in one form, or refuse it.

Every refusal names the argument, the value given and what would be right.
"""

import operator
from collections.abc import Sequence
from typing import Any, TypeAlias, TypeGuard

import ml_dtypes  # noqa: F401 - it makes NumPy know bfloat16
import numpy as np
from numpy.typing import DTypeLike, NDArray

Array: TypeAlias = NDArray[Any]

FLOATS = tuple(np.dtype(name) for name in ("float16", "bfloat16", "float32", "float64"))


def integer(name: str, value: object, minimum: int) -> int:
    """Return an integer that is at least `minimum`, as a Python int.

    Raises
    ------
    TypeError
        If the value is not an integer; a bool is none.
    ValueError
        If it is below `minimum`.
    """
    try:
        if isinstance(value, (bool, np.bool_)):
            raise TypeError
        number = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise TypeError(f"{name}={value!r}: give an integer.") from None
    if number < minimum:
        raise ValueError(f"{name}={value!r}: give at least {minimum}.")
    return number


def is_several(value: object) -> TypeGuard[Sequence[object]]:
    """Tell whether a value has items: a list, a tuple, or an array with an axis."""
    return isinstance(value, (list, tuple)) or (isinstance(value, np.ndarray) and value.ndim > 0)


def integers(name: str, value: object, lengths: tuple[int, ...], minimum: int) -> tuple[int, ...]:
    """Return the items of a list, tuple or 1-D array of integers; an int is one item.

    Raises
    ------
    TypeError
        If an item is not an integer.
    ValueError
        If the number of items is not among `lengths`, or an item is below `minimum`.
    """
    if is_several(value):
        items = tuple(integer(f"{name}[{i}]", item, minimum) for i, item in enumerate(value))
    else:
        items = (integer(name, value, minimum),)
    if len(items) not in lengths:
        allowed = " or ".join(str(length) for length in sorted(set(lengths)))
        raise ValueError(f"{name}={value!r} has length {len(items)}: give length {allowed}.")
    return items


def per_axis(
    name: str, value: object, axes: int, minimum: int, lengths: tuple[int, ...] | None = None
) -> tuple[int, ...]:
    """Return one integer for each spatial axis; a single one holds for all of them.

    Parameters
    ----------
    name, value
        The argument: an int, or a list, tuple or 1-D array of them.
    axes
        The number of spatial axes.
    minimum
        What each integer must at least be.
    lengths
        How many items a list, tuple or array may have, among 1 and `axes`; None is both.

    Raises
    ------
    TypeError, ValueError
        As `integers` does.
    """
    items = integers(name, value, (lengths or (1, axes)) if is_several(value) else (1,), minimum)
    return items * axes if len(items) == 1 else items


def one_of(name: str, value: object, allowed: tuple[str, ...]) -> str:
    """Return a string that is among `allowed`.

    Raises
    ------
    ValueError
        If it is not.
    """
    if not isinstance(value, str) or value not in allowed:
        names = " or ".join(map(repr, allowed))
        raise ValueError(f"{name}={value!r}: give {names}.")
    return value


def float_dtype(value: DTypeLike | None) -> np.dtype[Any]:
    """Return the dtype that an argument `dtype` names; None is float32.

    Raises
    ------
    NotImplementedError
        If it is not among `FLOATS`.
    """
    names = [dtype.name for dtype in FLOATS]
    try:
        name = np.dtype("float32" if value is None else value).name
    except TypeError:
        name = str(value)
    if name not in names:
        allowed = " or ".join(map(repr, names))
        raise NotImplementedError(f"dtype={value!r} is not implemented: give {allowed}.")
    return np.dtype(name)


def gradient_array(value: object, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """Return the gradient by a result, which has that result's shape and dtype.

    Raises
    ------
    TypeError
        If it is no NumPy array, or has another dtype.
    ValueError
        If it has another shape.
    """
    gradient = float_array("gradient", value, (len(shape),))
    if gradient.dtype != dtype:
        raise TypeError(f"gradient has dtype {gradient.dtype}: give {dtype}, as the result has.")
    if gradient.shape != shape:
        raise ValueError(f"gradient has shape {gradient.shape}: give {shape}, as the result has.")
    return gradient


def float_array(
    name: str,
    value: object,
    ranks: tuple[int, ...],
    like: tuple[str, Array] | None = None,
) -> Array:
    """Return an array of floats that has one of the `ranks`.

    Parameters
    ----------
    name, value
        The argument.
    ranks
        The numbers of axes that it may have.
    like
        Name and value of another argument, whose dtype this one must have.

    Raises
    ------
    TypeError
        If the value is no NumPy array or its dtype is not allowed.
    ValueError
        If its rank is not allowed.
    """
    if not isinstance(value, np.ndarray):
        raise TypeError(f"{name} is a {type(value).__name__}: give a NumPy array.")
    if value.dtype not in FLOATS:
        floats = ", ".join(map(str, FLOATS))
        raise TypeError(f"{name} has dtype {value.dtype}: give one of {floats}.")
    if like is not None and value.dtype != like[1].dtype:
        raise TypeError(f"{name} has dtype {value.dtype}: give {like[1].dtype}, as {like[0]} has.")
    if value.ndim not in ranks:
        allowed = " or ".join(map(str, ranks))
        raise ValueError(f"{name} has shape {value.shape}: give an array with {allowed} axes.")
    return value
