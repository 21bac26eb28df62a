"""An interpreter that has torch imported already: each script that it is told of runs in a copy of it.

Importing torch, and what its first step imports, takes seconds, and most scripts do that before anything else.
A request is JSON of a script's path, its folder and its environment; a copy is isolated as by `python -I -W ignore`.
"""

from __future__ import annotations

import atexit
import os
import signal
import socket
import sys
import threading
import traceback
import warnings
from types import ModuleType
from typing import Any

from impls.worker.copies import served


def imported() -> None:
    """Import torch as far as one step does."""
    import torch

    parameter = torch.nn.Parameter(torch.ones(1))
    parameter.grad = torch.ones(1)
    torch.optim.SGD([parameter]).step()


def become(request: dict[str, Any]) -> None:
    """Run a program as the main module of this process, which ends with it."""
    import torch

    given = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    path = request["program"]
    sys.path[:] = [folder for folder in sys.path[1:] if folder not in given]
    for name in [name for name in sys.modules if name.partition(".")[0] == "impls"]:
        del sys.modules[name]
    warnings.simplefilter("ignore")
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115 - whatever PYTHONUNBUFFERED says
    torch.seed()
    status = _status(path)
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    os._exit(status)  # taking all modules apart takes longer than most scripts


def _status(path: str) -> int:
    """Return the status with which Python ends a program."""
    main = ModuleType("__main__")
    main.__dict__.update(__file__=path, __builtins__=__builtins__)
    sys.modules["__main__"] = main
    sys.argv = [path]
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123
            text = file.read()
        exec(compile(text, path, "exec", dont_inherit=True), main.__dict__)  # noqa: S102
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return (end.code or 0) & 0xFF
        print(end.code, file=sys.stderr)
    except BaseException:  # noqa: BLE001 - told as Python tells it
        traceback.print_exc()
    else:
        return 0
    return 1


if __name__ == "__main__":
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those who wait
    waiting = socket.socket(fileno=int(sys.argv[1]))
    imported()
    become(served(waiting))
