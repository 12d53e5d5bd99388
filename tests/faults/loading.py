"""What is a fault, and what is an implementation with it?  Rows of the files here, and patched modules.

A file is a family.  A `[[fault]]` has a `name`; `about`, what is wrong, in a line; `file`, a module of
`adjoint.fast`, or `blocked.py`, which then stands in for `operation.py`; `old` and `new`, text that is found
there once, and what is in its place; and may have `claims`, in place of those of the fast implementation.

Its `witness` is a call on which it shows: `api`, the shapes of its `tensors`, and perhaps `arguments` in
tagged form, `dtype` (float32), `other_dtypes` by tensor, `data` (`integers`, or `fractions` that are
rounded), and by tensor, in `put`, numbers for its first elements, and in `layouts`, how they lie in memory;
`repeated`, where it shows when the call is made again; `gradients`, where it shows in these (that by the
output is made, unless it is among the tensors) or in what they leave of the tensors; `observe`, names of what
is looked at in place of the output, where it shows in that, and `input_shape`, of which a shape is declared.
"""

import importlib
import re
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.resources import files
from importlib.util import spec_from_loader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

HERE = Path(__file__).parent
FAST = "adjoint.fast"
SYSTEM = "adjoint.implementations.on_fast"
REACH = {
    "tf_nn": r"tf\.nn\.",
    "torch_functional": r"torch\.",
    "initializers": r"torch\.nn\.Conv|.*\.layers\.",
    "modules": r"torch\.nn\.Conv",
    "torch_modules": r"torch\.nn\.Conv",
    "layers": r".*\.layers\.",
    "layer_features": r".*\.layers\.",
    "layer_settings": r".*\.layers\.",
    "regularizers": r".*\.layers\.",
    "constraints": r".*\.layers\.",
    "named": r".*\.layers\.",
    "keras_layers": r"keras\.",
    "tf_keras_layers": r"tf\.keras\.",
    "tf_layers": r"tf\.layers\.",
}
"""Which APIs a module serves, where it does not serve all."""


@dataclass(frozen=True)
class Fault:
    """A fault, as its row has it; `family` is the name of its file."""

    family: str
    name: str
    about: str
    file: str
    old: str
    new: str
    witness: Mapping[str, Any]
    claims: Mapping[str, Any] = field(default_factory=dict)


@cache
def faults() -> Mapping[str, Fault]:
    """Return all faults by name, in the order of files and rows."""
    rows = [
        Fault(path.stem, **row)
        for path in sorted(HERE.glob("*.toml"))
        for row in tomllib.loads(path.read_text(encoding="utf-8"))["fault"]
    ]
    found = {fault.name: fault for fault in rows}
    if len(found) < len(rows):
        raise ValueError("two faults have the same name; give each its own.")
    return found


def reached(fault: Fault, apis: list[str]) -> list[str]:
    """Return the APIs that a fault can reach."""
    pattern = REACH.get(Path(fault.file).stem, "")
    return [api for api in apis if re.match(pattern, api)]


def system(fault: Fault | None = None, blocked: bool = False) -> ModuleType:
    """Return `on_fast` over modules of its own, one of them with a fault.

    Parameters
    ----------
    fault : Fault, optional
    blocked : bool
        Whether the operation is that of `blocked.py`, without a fault.

    Raises
    ------
    ValueError
        If the fault's old text is not there once.
    """
    codes = {f"{FAST}.{name}": code for name, code in _codes().items() if name != "blocked"}
    codes |= {SYSTEM: _compiled(str(files("adjoint") / "implementations" / "on_fast.py"))}
    if blocked:
        codes[f"{FAST}.operation"] = _codes()["blocked"]
    if fault:
        name = "operation" if fault.file == "blocked.py" else Path(fault.file).stem
        codes[f"{FAST}.{name}"] = _patched(fault)
    return _imported(codes)


def _patched(fault: Fault) -> CodeType:
    path = _path(Path(fault.file).stem)
    text = path.read_text(encoding="utf-8")
    if text.count(fault.old) != 1:
        raise ValueError(f"{fault.name}: its old text is {text.count(fault.old)} times in {fault.file}.")
    return compile(text.replace(fault.old, fault.new), str(path), "exec")


@cache
def _codes() -> Mapping[str, CodeType]:
    """Return the code of each module without a fault, by its bare name."""
    names = [
        Path(entry.name).stem for entry in (files("adjoint") / "fast").iterdir() if _is_module(entry.name)
    ]
    return {name: _compiled(str(_path(name))) for name in (*names, "blocked")}


def _is_module(name: str) -> bool:
    return name.endswith(".py") and name != "__init__.py"


def _path(name: str) -> Path:
    return HERE / "blocked.py" if name == "blocked" else Path(str(files("adjoint") / "fast" / f"{name}.py"))


@cache
def _compiled(path: str) -> CodeType:
    return compile(Path(path).read_text(encoding="utf-8"), path, "exec")


class _Finder(MetaPathFinder, Loader):
    """Finds modules whose code is given."""

    def __init__(self, codes: Mapping[str, CodeType]) -> None:
        self._codes = codes

    def find_spec(self, name: str, *_: object) -> ModuleSpec | None:
        return spec_from_loader(name, self) if name in self._codes else None

    def exec_module(self, module: ModuleType) -> None:
        exec(self._codes[module.__name__], module.__dict__)


def _imported(codes: Mapping[str, CodeType]) -> ModuleType:
    """Return `on_fast`, imported with these codes; whoever imports it later gets the real one."""

    def ours(name: str) -> bool:
        return name in (FAST, SYSTEM) or name.startswith(f"{FAST}.")

    finder = _Finder(codes)
    held = {name: sys.modules.pop(name) for name in list(sys.modules) if ours(name)}
    sys.meta_path.insert(0, finder)
    try:
        return importlib.import_module(SYSTEM)
    finally:
        sys.meta_path.remove(finder)
        for name in [name for name in sys.modules if ours(name)]:
            del sys.modules[name]
            package, _, last = name.rpartition(".")
            if package in sys.modules:
                vars(sys.modules[package]).pop(last, None)
        sys.modules.update(held)
        for name, module in held.items():
            package, _, last = name.rpartition(".")
            setattr(sys.modules[package], last, module)
