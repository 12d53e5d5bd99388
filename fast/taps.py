"""Where do the taps of a kernel land on one axis?"""

from collections.abc import Iterator


def landings(
    kernel: int, length: int, stride: int, dilation: int, crop: int, output: int
) -> Iterator[tuple[int, slice, slice]]:
    """Yield, on one axis, each tap that lands: tap, input slice, output slice."""
    for k in range(kernel):
        shift = k * dilation - crop
        first = max(0, -(shift // stride))
        last = min(length - 1, (output - 1 - shift) // stride)
        if first <= last:
            start, stop = first * stride + shift, last * stride + shift + 1
            yield k, slice(first, last + 1), slice(start, stop, stride)
