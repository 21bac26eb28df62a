"""The kit as a program: `python kit.pyz ANSWERS` puts its questions to the code that runs here.

It is the one file of the archive that an interpreter starts; what the worker is loaded from must be a folder.
"""

from __future__ import annotations

import sys
import tempfile
import zipfile
from importlib import import_module
from os.path import abspath, dirname


def main() -> int:
    """The program in the archive is unpacked into a folder of its own, which goes when it ends."""
    if sys.version_info < (3, 9):  # noqa: UP036 - whoever has an older one is told
        sys.stderr.write("this kit needs Python 3.9 or later; run it with another interpreter\n")
        return 2
    archive = dirname(abspath(__file__))
    with tempfile.TemporaryDirectory(prefix="stepproof-kit-") as folder:
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(folder, [name for name in packed.namelist() if name.startswith("impls/")])
        sys.path[0] = folder
        status: int = import_module("impls.kit.program").main(archive, sys.argv[1:])
        return status


if __name__ == "__main__":
    sys.exit(main())
