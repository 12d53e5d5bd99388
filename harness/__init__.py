"""Adjoint: a conformance suite for transposed convolution."""

from importlib.metadata import version

__version__ = version("adjoint")

INTERPRETATION = "1.0"
"""How calls and golden files are to be understood; a new major breaks readers."""
