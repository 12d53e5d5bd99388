"""Transposed convolution in whole-array NumPy, behind the arguments of several APIs."""
