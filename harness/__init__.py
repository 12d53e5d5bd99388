"""Adjoint: a conformance suite for transposed convolution."""

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from adjoint.inline import check, conformance_tests

__all__ = ["INTERPRETATION", "__version__", "check", "conformance_tests"]
__version__ = version("adjoint")

INTERPRETATION = "1.0"
"""How calls and golden files are to be understood; a new major breaks readers."""


def __getattr__(name: str) -> Any:
    """Import what needs the whole suite when it is first asked for: every room imports this module."""
    if name in ("check", "conformance_tests"):
        return getattr(import_module("adjoint.inline"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
