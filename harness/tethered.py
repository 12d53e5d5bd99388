"""How does pytest end with the run that started it, however that ends?  It sees its standard input end.

Run as ``python -m adjoint.tethered [word of pytest's ...]`` with a pipe as standard input, whose other end
the one who starts it holds, and never writes to.
"""

from __future__ import annotations

import os
import sys
import threading
from contextlib import suppress


def main() -> None:
    """Run pytest until it is done, or until standard input ends."""
    tether = os.dup(0)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    threading.Thread(target=_watch, args=(tether,), daemon=True).start()
    import pytest  # only now: it takes a moment

    sys.exit(pytest.console_main())


def _watch(tether: int) -> None:
    """End this process, and all that it started, once nobody holds the other end any more.

    At once, as if all had been killed together: whoever goes on with the record waits for it.
    """
    while os.read(tether, 1):
        pass
    import psutil

    with suppress(psutil.Error):
        for child in psutil.Process().children(recursive=True):
            with suppress(psutil.Error):
                child.kill()
    os._exit(1)


if __name__ == "__main__":
    main()
