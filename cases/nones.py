"""How is JSON's null written where TOML has none?  As `{ "$none" = true }`."""

from __future__ import annotations

from typing import Any

NONE = {"$none": True}


def with_nones(value: Any) -> Any:
    """Return an argument with None wherever it says `$none`."""
    if value == NONE:
        return None
    if isinstance(value, dict):
        return {key: with_nones(item) for key, item in value.items()}
    return [with_nones(item) for item in value] if isinstance(value, list) else value
