"""A library with arrays of its own, a function that takes no others, and the file that claims so."""

from pathlib import Path

LIBRARY = """
import numpy as np

class Array:
    def __init__(self, held): self.held = held
    def __array__(self, dtype=None, copy=None): return self.held

def asarray(held): return Array(held)
"""
CONV = """
from adjoint.fast import plain
from own_library import Array

def conv(input, kernel, **steps):
    assert type(input) is type(kernel) is Array, "not of the library"
    if max(steps["dilation"]) > 1:
        raise NotImplementedError("there is no dilation yet")
    return Array(plain.operation(input.held, kernel.held, **steps))
"""
CLAIMS = """
dtypes = ["float16", "float32"]
arrays = "own_library"

[arithmetic.float16]
accumulator = "float32"

[[unsupported]]
id = "dilation"
error = "NotImplementedError"
pattern = "no dilation"
"""


def put_into(folder: Path) -> None:
    """Write all three."""
    for name, text in (("own_library.py", LIBRARY), ("mine.py", CONV), ("claims.toml", CLAIMS)):
        (folder / name).write_text(text)
