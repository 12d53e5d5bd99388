"""What do PyTorch and SciPy say of some transposed convolutions?  Run by an interpreter that has both.

`python witnesses.py EXAMPLES.npz ANSWERS.npz` reads the examples that `check_witnesses.py` writes, and
writes the output and the gradients as PyTorch has them, in float64, and the output as SciPy has it, in
integers.  Imports nothing of the suite.
"""

import sys
from itertools import product

import numpy as np
import torch
from scipy.signal import convolve

FUNCTIONS = {
    1: torch.nn.functional.conv_transpose1d,
    2: torch.nn.functional.conv_transpose2d,
    3: torch.nn.functional.conv_transpose3d,
}


def main(examples, answers):
    torch.set_num_threads(1)  # for tensors this small, more of them wait for one another
    given = {}
    for name, array in np.load(examples).items():
        number, part = name.split("-")
        given.setdefault(number, {})[part] = array
    found = {}
    for number, example in given.items():
        found[f"{number}-scipy-output"] = by_scipy(**example)
        found.update({f"{number}-torch-{of}": value for of, value in by_torch(**example).items()})
    np.savez(answers, **found)


def by_torch(x, w, y, groups, bias=None, **sizes):
    """Return the output, and the gradients of the sum of output * y."""
    leaves = {"input": x, "kernel": w, **({} if bias is None else {"bias": bias})}
    leaves = {
        of: torch.tensor(array, dtype=torch.float64, requires_grad=True) for of, array in leaves.items()
    }
    output = FUNCTIONS[x.ndim - 2](
        leaves["input"],
        leaves["kernel"],
        leaves.get("bias"),
        groups=int(groups),
        **{name: size.tolist() for name, size in sizes.items()},
    )
    (output * torch.tensor(y, dtype=torch.float64)).sum().backward()
    gradients = {of: leaf.grad.numpy() for of, leaf in leaves.items()}
    return {"output": output.detach().numpy(), **gradients}


def by_scipy(x, w, y, groups, stride, padding, output_padding, dilation, bias=None):
    """Return the output: the full convolution of `x`, zeros between its elements, cropped."""
    output = np.zeros_like(y) if bias is None else np.zeros_like(y) + bias.reshape(-1, *[1] * (x.ndim - 2))
    channels, share = len(w) // groups, w.shape[1]
    for n, f, c in product(range(len(x)), range(share * groups), range(channels)):
        channel = f // share * channels + c
        full = convolve(
            spread(x[n, channel], stride), spread(w[channel, f % share], dilation), method="direct"
        )
        longer = np.pad(full, [(0, more) for more in output_padding])
        ends = zip(padding, output_padding, full.shape, strict=True)
        output[n, f] += longer[tuple(slice(p, size + more - p) for p, more, size in ends)]
    return output


def spread(array, steps):
    """Return `array` with zeros between its elements, so that they lie `steps` apart."""
    wide = np.zeros(
        [(size - 1) * step + 1 for size, step in zip(array.shape, steps, strict=True)], array.dtype
    )
    wide[tuple(slice(None, None, step) for step in steps)] = array
    return wide


if __name__ == "__main__":
    main(*sys.argv[1:])
