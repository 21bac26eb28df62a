"""The bootstrap loads the worker under a private name and hands it the pipes of the judge.

It is started as `INTERPRETER path/to/impls/worker/__main__.py` by an interpreter that is not ours,
so it must add nothing of this project to what can be imported there.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from os.path import dirname, realpath

PRIVATE_NAME = "_stepproof_worker"


def load_worker(folder: str) -> None:
    """The package in this folder becomes importable under the private name alone."""
    spec = spec_from_file_location(PRIVATE_NAME, folder + "/__init__.py", submodule_search_locations=[folder])
    if spec is None or spec.loader is None:
        raise ImportError(f"{folder} holds no worker package; install stepproof again")
    package = module_from_spec(spec)
    sys.modules[PRIVATE_NAME] = package
    spec.loader.exec_module(package)


def main() -> None:
    """The worker is imported before the current directory can shadow what it imports."""
    folder = dirname(realpath(__file__))
    # With PYTHONSAFEPATH the interpreter adds neither the script's folder nor the current one.
    added_by_interpreter = bool(sys.path) and realpath(sys.path[0]) == folder
    if added_by_interpreter:
        del sys.path[0]
    load_worker(folder)
    serve = import_module(PRIVATE_NAME + ".serve")
    if len(sys.argv) > 1:  # the descriptor of a socket at which copies of this process are asked for
        import_module(PRIVATE_NAME + ".copies").become_worker(int(sys.argv.pop()))
    if added_by_interpreter:
        sys.path.insert(0, os.getcwd())
    # Between the two stands what the user says that the code under test is imported from.
    named = os.environ.get(import_module(PRIVATE_NAME + ".target").IMPORT_FROM, "")
    more = [folder for folder in named.split(os.pathsep) if folder]
    sys.path[added_by_interpreter:added_by_interpreter] = more
    serve.main()


if __name__ == "__main__":
    main()
