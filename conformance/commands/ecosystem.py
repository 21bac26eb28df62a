"""Judges torch and the libraries that people train with, and writes the first page of the documentation.

``python -m conformance.commands.ecosystem``.  Every environment of ``ecosystem.toml`` is made in
``build/ecosystem``, where none is there yet, judged, and told in docs/index.md and docs/ecosystem.md.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path

import msgspec

from conformance.catalogue.installed import TORCH
from conformance.commands import ecosystem_page
from conformance.report.writing import REPORT
from impls.catalogue.torch_schedulers import SCHEDULERS
from impls.libraries import LIBRARIES

FOLDER = Path("build/ecosystem")
FILE = Path(__file__).with_suffix(".toml")
BUDGET, FORMAT = "2", "float32"
"""How hard each class is tested, and in which format an optimizer."""


class Environment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Packages that are installed together, and what of them is judged."""

    name: str
    requirements: tuple[str, ...]
    libraries: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"

    @property
    def folder(self) -> Path:
        """Where all of it lies."""
        return FOLDER / self.name

    @property
    def outputs(self) -> tuple[Path, ...]:
        """Where its reports go: of its optimizers, and of its schedulers."""
        names = ("report", "schedulers") if self.libraries else ("report",)
        return tuple(self.folder / name for name in names)


class _Ecosystem(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    environment: tuple[Environment, ...]


def environments() -> tuple[Environment, ...]:
    """Return what ``ecosystem.toml`` names."""
    return msgspec.toml.decode(FILE.read_bytes(), type=_Ecosystem).environment


def installed(item: Environment) -> bool:
    """Make an environment where there is none, and return whether all its packages are there."""
    if not item.python.exists():
        venv.create(item.python.parents[1], with_pip=True)
    return _ran([str(item.python), "-m", "pip", "install", "--quiet", *item.requirements]) == 0


def judging(item: Environment) -> list[list[str]]:
    """Return the arguments of each call of stepproof that judges it."""
    common = [["--python", str(item.python.absolute()), "--output", str(output.absolute())] for output in item.outputs]
    if not item.libraries:
        return [["gate", *item.classes, "--config", str(_written(item)), "--dtype", FORMAT, *common[0]]]
    report = ["report", *(part for name in item.libraries for part in ("--library", name)), "--budget", BUDGET]
    known = (SCHEDULERS if name == TORCH else LIBRARIES[name].schedulers for name in item.libraries)
    paths = [part for path in dict.fromkeys(s.path for each in known for s in each) for part in ("--path", path)]
    return [[*report, "--dtype", FORMAT, *common[0]], [*report, *paths, *common[1]]]


def _written(item: Environment) -> Path:
    """Write the configuration of a gate that judges its classes."""
    path = item.folder / "stepproof.toml"
    item.folder.mkdir(parents=True, exist_ok=True)
    tables = "".join(f'\n[[optimizers]]\ntarget = "{target}"\n' for target in item.classes)
    path.write_text(f"budget = {BUDGET}\n{tables}")
    return path


def main(arguments: Sequence[str] | None = None) -> int:
    """Judge what is asked for and write the pages of all that has been judged; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m conformance.commands.ecosystem", description=__doc__)
    known = environments()
    parser.add_argument("name", nargs="*", help=f"one of {', '.join(item.name for item in known)} (default: all)")
    asked = parser.parse_args(arguments).name
    if wrong := [name for name in asked if name not in {item.name for item in known}]:
        parser.error(f"there is no environment `{wrong[0]}`; name one of {', '.join(item.name for item in known)}")
    chosen = [item for item in known if not asked or item.name in asked]
    lost = [item.name for item in chosen if not (installed(item) and _judged(item))]
    places = [output / REPORT for item in known for output in item.outputs]
    reports = [path for path in places if path.exists()]
    if lost:
        sys.stderr.write(f"ecosystem: {', '.join(lost)} could not be installed or judged; what is said above is why\n")
    return ecosystem_page.main([str(path) for path in reports]) or int(bool(lost))


def _judged(item: Environment) -> bool:
    """Judge an environment, and return whether there is a report of it now."""
    for output, arguments in zip(item.outputs, judging(item), strict=True):
        shutil.rmtree(output, ignore_errors=True)
        _ran([sys.executable, "-m", "conformance.cli", *arguments])
    return all((output / REPORT).exists() for output in item.outputs)


def _ran(command: Sequence[str]) -> int:
    """Return the status with which a program ends; what it says is seen."""
    return subprocess.run(command, check=False).returncode  # noqa: S603 our own command lines


if __name__ == "__main__":
    sys.exit(main())
