"""Does a run pass?  From records to the exit code of `adjoint run`."""

from __future__ import annotations

from collections.abc import Iterable

from adjoint.record import Record, fails

HELD_LEVELS = ("stated", "implied", "customary")


def exit_code(records: Iterable[Record]) -> int:
    """Return 0 if all held, 1 if something did not, 3 if something asked for was not really run."""
    codes = [code_of(record) for record in records]
    return max(codes, default=0)


def code_of(record: Record) -> int:
    """Return the exit code that one record deserves."""
    if record.footer["status"] == "unavailable":
        return 0
    silent = all(check["verdict"] in ("unsupported", "not-reached") for check in record.checks)
    nothing = silent and bool(record.checks or not record.header["selection"])
    if record.footer["status"] != "ran" or nothing or unmet_apis(record):
        return 3
    return int(bool(record.footer["problems"]) or any(map(fails, record.checks)))


def unmet_apis(record: Record) -> list[str]:
    """Return the claimed APIs of which no value check conformed, though the whole of it was asked."""
    if record.header["selection"]:
        return []
    conformed: dict[str, bool] = {}
    for check in record.checks:
        if check["kind"] == "values" and check["level"] != "open":
            conformed.setdefault(check["api"], False)
            conformed[check["api"]] |= check["verdict"] == "conforms"
    return [api for api, met in conformed.items() if not met]
