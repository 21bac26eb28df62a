"""Looks at a project and writes the configuration of its gate: ``stepproof init``."""

from __future__ import annotations

import argparse
import os
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from conformance.commands.check_and_report import say_to
from conformance.commands.exit_status import CONFORMS, NOT_JUDGED
from conformance.commands.proposals import Looked, look
from conformance.commands.usage_errors import UsageError
from conformance.configuration.discovery import scanned
from conformance.configuration.reading import OWN_FILE, PROJECT_FILE, find, read
from conformance.configuration.writing import written
from conformance.report.writing import write_bytes
from impls.session import IMPORT_FROM, Session
from spec.own_rules import OWN_RULES


def init(given: argparse.Namespace, console: Console) -> int:
    """Find what a project has, identify it and write its configuration; returns the exit status."""
    root = given.folder.absolute()
    if not root.is_dir():
        raise UsageError(f"`{given.folder}` is no folder; give that of the project")
    if (there := find(root)) is not None and there.parent == root:
        read(there)  # which says what is wrong with it
        raise UsageError(f"`{there}` configures a gate already; change it, or remove what it says of stepproof")
    scan = scanned(root)
    found = scan.classes
    if not found:
        raise UsageError(
            f"no class of an optimizer or a scheduler is below `{given.folder}`; "
            "`stepproof gate package.module:name` judges one of another kind"
        )
    say = say_to(console)
    say(f"{len(found)} class{'es' * (len(found) > 1)} of optimizers and schedulers found")
    folders = tuple(dict.fromkeys(one.folder for one in found if one.folder != "."))
    python, rules = _python(root, given.python), scan.rules
    if rules:
        os.environ[OWN_RULES] = str(root / rules)
    with Session(python, environment=surroundings(folders, root), directory=root) as session:
        looked = look(found, session, say)
    looked = replace(looked, left_out=(*looked.left_out, *scan.unread))
    for sentence in looked.left_out:
        say(f"left out: {sentence}")
    if not looked.proposals:
        return NOT_JUDGED
    general = {"python": python, "pythonpath": folders, "rules": rules}
    say(f"wrote {_write(root, looked, general)}; `stepproof gate` judges what it names")
    return CONFORMS


def _python(root: Path, given: str | None) -> str | None:
    """Return the interpreter of a project: the one that is given, else that of an environment in its folder."""
    if given:
        return given
    return next((f"{name}/bin/python" for name in (".venv", "venv") if (root / name / "bin" / "python").exists()), None)


def surroundings(folders: Iterable[str], root: Path) -> dict[str, str]:
    """Return the variables with which a worker imports from folders of a project."""
    return {IMPORT_FROM: os.pathsep.join(str(root / folder) for folder in folders)} if folders else {}


def _write(root: Path, looked: Looked, general: Mapping[str, object]) -> Path:
    """Write the configuration into the project's own file, or a new one; returns which."""
    project = root / PROJECT_FILE
    nested = project.is_file() and not project.is_symlink()
    general = {key: item for key, item in general.items() if item}
    remarks = [f"left out: {sentence}" for sentence in looked.left_out]
    text = written(looked.proposals, nested=nested, general=general, remarks=remarks)
    file = project if nested else root / OWN_FILE
    # Line ends stay what they are.
    before = file.read_bytes().decode("utf-8").rstrip("\r\n") if nested else ""
    end = "\r\n" if "\r\n" in before else "\n"
    whole = f"{before}{end * 2 if before else ''}{text.replace(chr(10), end)}"
    tomllib.loads(whole)
    write_bytes(file, whole.encode("utf-8"))
    return file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file
