"""How far may a fast transform stray?  A bound in the norms of whole planes, for FFT and Winograd.

A transform mixes every element of a plane with every other before anything is cropped, so that its error
knows nothing of one output's own terms.  Let N be the sum, over the pairs of planes that meet in an output
plane, of ||a||_2 * ||b||_2.  Honest transforms stay within factor * u * N:

- FFT of L numbers: each of the three transforms errs by 8 * log2(L) * u in the 2-norm (Higham, Accuracy and
  Stability of Numerical Algorithms, theorem 24.2, twiddle factors correctly rounded).  By Cauchy and Schwarz
  an error in the transform of a or b reaches an output as that times ||a|| * ||b||; the last one's is
  relative to the 2-norm of the result, which is at most sqrt(m) * ||a|| * ||b||, m being the elements of
  one of the planes.  The complex product adds 3, and the sum over the planes their number.
- Winograd's F(2, 3) and F(4, 3) compute A((G a) * (B b)) in each axis.  With the points 0, 1, -1, 2, -2 and
  infinity, sum_k |A_jk| * ||G_k||_2 * ||B_k||_2 is below 21 for every output j, and for F(3, 4), the same
  for the gradient of the kernel; the axes multiply.  An axis takes at most 14 roundings (4 in each
  transform of what is given, 6 in the last), the product one, and the sum over planes and tiles their number.
  Where a plane is cut in tiles that overlap by half, sum ||a_t|| * ||b_t|| grows by sqrt(2) an axis at most.

Underflow is left out: the bound is for numbers well inside the normal range.
"""

from __future__ import annotations

from math import isqrt, prod

from adjoint.reference.exact import Tensor
from adjoint.reference.operation import Geometry

ONE_TAP = Geometry((1,), (1,), (1,), (1,), (1,), (0,))
AMPLIFICATION, ROUNDINGS, FOURIER = 21, 14, 8
_BITS = 20  # that norms keep beyond those of their elements


def norms(tensor: Tensor) -> Tensor:
    """Return the 2-norm of each plane, rounded up: of shape (a, b, *spatial), one of shape (a, b, 1)."""
    squares = (sum(value * value for value in plane) for plane in tensor.planes())
    rooted = tuple(isqrt((square << 2 * _BITS) - 1) + 1 if square else 0 for square in squares)
    return Tensor(tensor.dtype, (*tensor.shape[:2], 1), rooted, tensor.exponent - _BITS)


def factor(geometry: Geometry, summed: tuple[int, ...], planes: int) -> int:
    """Return the number of u * N that honest transforms stay within.

    Parameters
    ----------
    geometry : Geometry
    summed : tuple of int
        Sizes of the planes over whose elements each output sums: the kernel's; for its gradient, the input's.
    planes : int
        How many pairs of planes meet in an output plane.
    """
    rank = len(summed)
    steps = sum(
        2 + size.bit_length() for size in _extents(geometry)
    )  # room for powers of two, and as much again
    fourier = FOURIER * steps * (3 + isqrt(prod(summed))) + 3 + planes
    tiles = prod(min(k, s) * -(-k // (2 * s)) for k, s in zip(summed, geometry.stride, strict=True))
    overlap = 1 + isqrt(1 << rank) if tiles > 1 else 1
    amplification: int = AMPLIFICATION**rank
    return max(fourier, amplification * overlap * (ROUNDINGS * rank + 1 + planes * tiles))


def _extents(geometry: Geometry) -> tuple[int, ...]:
    """Return the size of each axis of the output before it is cropped."""
    g = geometry
    axes = zip(g.input, g.kernel, g.output, g.stride, g.dilation, g.crop, strict=True)
    return tuple(max((i - 1) * s + (k - 1) * d + 1, o + c) for i, k, o, s, d, c in axes)
