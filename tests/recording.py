"""Runs a worker, and writes down each line that goes into it and comes out of it.

As ``python recording.py FOLDER COMMAND ...`` it stands where the command stood: each process makes a folder
of its own in the one named, with `requests` and `answers`.
"""

import contextlib
import json
import subprocess
import sys
import tempfile
import threading
from pathlib import Path


def recorded(folder, implementation):
    """Return the command of an implementation with this file before it."""
    return (sys.executable, str(Path(__file__).absolute()), str(folder), *implementation.command)


def read(folder, name):
    """Return the messages of all processes that left theirs in a folder, `requests` or `answers`."""
    lines = [line for path in sorted(Path(folder).glob(f"*/{name}")) for line in path.open("rb")]
    return [json.loads(line) for line in lines]


def pass_on(source, sink, copy):
    with copy.open("wb") as file, contextlib.suppress(BrokenPipeError):
        for line in source:
            file.write(line)
            file.flush()
            sink.write(line)
            sink.flush()
    with contextlib.suppress(BrokenPipeError):
        sink.close()


def main(folder, *command):
    own = Path(tempfile.mkdtemp(dir=folder))
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    inwards = (sys.stdin.buffer, child.stdin, own / "requests")
    threading.Thread(target=pass_on, args=inwards, daemon=True).start()
    pass_on(child.stdout, sys.stdout.buffer, own / "answers")
    sys.exit(child.wait())


if __name__ == "__main__":
    main(*sys.argv[1:])
