"""How long does the reference take for a multiply-add?  At most 0.5 microseconds, it is asked.

`python benchmarks/reference.py` prints, for each operation on cases of 10^6 multiply-adds, the time of one
and its ratio to a bare Python loop `p += a * b` over as many, timed in the same run.  Each time is the best
of three, of the processor, and includes the list of taps, which is built anew.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from time import process_time
from typing import NamedTuple

import numpy as np

from adjoint.reference.exact import Tensor
from adjoint.reference.operation import Geometry, bias_gradient, conv, conv_transpose, kernel_gradient

COUNT = 10**6
ASKED = 0.5  # microseconds for each multiply-add


class Case(NamedTuple):
    """Sizes whose multiply-adds are `COUNT`: no stamp is cropped."""

    name: str
    channels: int
    filters: int
    input: tuple[int, ...]
    kernel: tuple[int, ...]
    stride: int


CASES = [
    Case("1-D, one channel", 1, 1, (10_000,), (100,), 2),
    Case("2-D, one channel", 1, 1, (200, 100), (10, 5), 2),
    Case("3-D, one channel", 1, 1, (25, 25, 25), (4, 4, 4), 2),
    Case("2-D, 25 channels to 40", 25, 40, (10, 20), (5, 1), 2),
    Case("3-D, 10 channels to 8", 10, 8, (10, 5, 10), (5, 5, 1), 1),
]


def main() -> None:
    """Print the table."""
    random = np.random.default_rng(1)
    kinds = {
        "integers to 99": lambda *shape: random.integers(-99, 100, shape),
        "float32, normal": lambda *shape: random.standard_normal(shape, dtype=np.float32),
    }
    print(f"{'microseconds a multiply-add (times the bare loop)':42}", *_HEADS)
    for kind, draw in kinds.items():
        loop = _best(_bare_loop, Tensor.from_array(draw(COUNT)), Tensor.from_array(draw(COUNT)))
        print(f"\n{kind}; the bare loop takes {loop / COUNT * 1e6:.3f}")
        for case in CASES:
            times = _times(case, draw)
            cells = (f"{time / COUNT * 1e6:8.3f} ({time / loop:4.1f})" for time in times)
            print(f"  {case.name:40}", *cells)
            worst = max(times) / COUNT * 1e6
            if worst > ASKED:
                print(f"  {'':40} more than the {ASKED} that is asked")


_HEADS = [f"{head:>15}" for head in ("output", "input grad", "kernel grad", "bias grad")]


def _times(case: Case, draw: Callable[..., np.ndarray]) -> list[float]:
    """Return the seconds of the output and of each gradient."""
    output = tuple(
        (size - 1) * case.stride + kernel for size, kernel in zip(case.input, case.kernel, strict=True)
    )
    multiply_adds = case.channels * case.filters * prod(case.input) * prod(case.kernel)
    assert multiply_adds == COUNT, f"{case.name} has {multiply_adds} multiply-adds"
    x = Tensor.from_array(draw(1, case.channels, *case.input))
    w = Tensor.from_array(draw(case.channels, case.filters, *case.kernel))
    y = Tensor.from_array(draw(1, case.filters, *output))

    def geometry() -> Geometry:
        rank = len(output)
        return Geometry(case.input, case.kernel, output, (case.stride,) * rank, (1,) * rank, (0,) * rank)

    return [
        _best(lambda: conv_transpose(x, w, geometry())),
        _best(lambda: conv(y, w, geometry())),
        _best(lambda: kernel_gradient(x, y, geometry())),
        _best(bias_gradient, Tensor.from_array(draw(1, 1, COUNT))),
    ]


def _bare_loop(x: Tensor, w: Tensor) -> int:
    p = 0
    for a, b in zip(x.integers, w.integers, strict=True):
        p += a * b
    return p


def _best(operation: Callable[..., object], *given: Tensor) -> float:
    """Return the least seconds of three."""
    times = []
    for _ in range(3):
        start = process_time()
        operation(*given)
        times.append(process_time() - start)
    return min(times)


if __name__ == "__main__":
    main()
