"""Runs the fenced blocks of a page in their order, in a folder of the page's own, as a reader would."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
import tomllib
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml

from conformance.cli import main
from documentation.fences import Block, blocks

ROOT = Path(__file__).parents[2]
PROMPT, MORE = "$ ", "> "
ANYTHING = "..."
"""A line of shown output that stands for any number of lines."""
ANY_WORDS = "…"
"""Within a line of shown output it stands for any text."""
MARKS: Mapping[str, frozenset[str]] = {
    "console": frozenset({"thorough", "elsewhere", "status", "library"}),
    "python": frozenset({"thorough", "elsewhere", "continued", "file", "library"}),
    "toml": frozenset({"file", "elsewhere"}),
    "yaml": frozenset({"file", "elsewhere"}),
    "diff": frozenset(),
    "text": frozenset(),
    "markdown": frozenset(),
    "docker": frozenset({"elsewhere"}),
}
"""What a block of each language may be marked with; other languages are unknown."""
COMMAND = re.compile(r"^\s*(\$ |stepproof |tox |pip |pipx |python3? |uv )", re.MULTILINE)
PRINTED = re.compile(r"^# > (.*)$", re.MULTILINE)
"""A comment of a Python block that says what is printed: one for every line that is, or none."""
INDENTED = re.compile(r"^ {4,}\S")
PRELUDE = f'stepproof() {{ {shlex.quote(sys.executable)} -m conformance.cli "$@"; }}\n'


class SnippetError(AssertionError):
    """A block does not do what its page says of it, or cannot be run as it is marked."""


def pages() -> list[Path]:
    """Return the pages that somebody wrote, without those of other folders."""
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def unmarked(text: str) -> list[str]:
    """Return what is wrong with the blocks of a page: what no test would run, each in words."""
    wrong = []
    for block in blocks(text):
        where = f"line {block.line}: "
        if block.language not in MARKS:
            wrong.append(f"{where}`{block.language}` is none of {', '.join(MARKS)}")
            continue
        wrong += [
            f"{where}`{mark}` is no mark of {block.language}" for mark in block.marks.keys() - MARKS[block.language]
        ]
        if block.language == "text" and COMMAND.search(block.text):
            wrong.append(f"{where}a command in a block of text, which nothing runs; mark it `console`")
        if block.language == "console" and not block.text.startswith(PROMPT):
            wrong.append(f"{where}a console begins with `{PROMPT}` and a command")
        if block.language == "docker" and "elsewhere" not in block.marks:
            wrong.append(f"{where}say where it is built: elsewhere=...")
        if len(block.marks.get("elsewhere", "in so many words").split()) < 3:
            wrong.append(f"{where}elsewhere={block.marks['elsewhere']!r} gives no reason")
    return wrong + [f"line {number}: an indented block, which has no marks; fence it" for number in _indented(text)]


def _indented(text: str) -> Iterator[int]:
    """Yield the numbers of lines that are indented code: after a blank line, outside of lists and fences."""
    fence, before, in_list = "", "", False
    for number, line in enumerate(text.splitlines(), 1):
        opening = re.match(r"^ *(```+|~~~+)", line)
        if fence or opening:
            fence = ("" if fence and line.strip() == fence else fence) if fence else opening[1] if opening else ""
        elif line.strip() and not line.startswith(" "):
            in_list = bool(re.match(r"[-*] |\d+\. ", line))
        elif INDENTED.match(line) and not before and not in_list:
            yield number
        before = line.strip()


@dataclass
class Reader:
    """Somebody who does what a page says: a folder, and what Python blocks have defined."""

    folder: Path
    thorough: bool = False
    names: dict[str, Any] = field(default_factory=dict)
    ran: int = 0

    def follow(self, text: str) -> None:
        """Do all blocks of a page; raises ``SnippetError`` for the first that is not as the page says."""
        for block in blocks(text):
            if not self._left_out(block):
                try:
                    self._do(block)
                except SnippetError as error:
                    raise SnippetError(f"line {block.line}: {error}") from None
                self.ran += 1

    def _left_out(self, block: Block) -> bool:
        library = block.marks.get("library", "")
        dear = "thorough" in block.marks or library
        missing = library and find_spec(library) is None
        return "elsewhere" in block.marks or bool(missing) or (bool(dear) and not self.thorough)

    def _do(self, block: Block) -> None:
        does: dict[str, Callable[[Block], object]] = {
            "python": self._python,
            "console": self._console,
            "diff": self._change,
            "toml": lambda held: tomllib.loads(held.text),
            "yaml": lambda held: yaml.safe_load(held.text),
        }
        if "file" in block.marks:
            self._write(block)
        if block.language in does and not (block.language == "python" and "file" in block.marks):
            does[block.language](block)

    def _write(self, block: Block) -> None:
        place = self.folder / block.marks["file"]
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(block.text)

    def _change(self, block: Block) -> None:
        """Change files as a patch says, whose lines are counted by whoever applies it."""
        done = subprocess.run(
            ["git", "apply", "--recount", "--unidiff-zero", "-"],
            cwd=self.folder,
            input=block.text,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SnippetError(f"it cannot be applied: {done.stderr}")

    def _python(self, block: Block) -> None:
        if "continued" not in block.marks:
            self.names = {"__name__": "__snippet__"}
        said = io.StringIO()
        try:
            with contextlib.chdir(self.folder), contextlib.redirect_stdout(said), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                exec(compile(block.text, f"<line {block.line}>", "exec"), self.names)  # noqa: S102 our own page
        except Exception as error:
            promised = re.findall(r"# (\w+(?:Error|Exception))\b", block.text)
            if type(error).__name__ not in promised:
                raise SnippetError(f"{type(error).__name__}: {error}") from error
        shown = PRINTED.findall(block.text)
        if shown and not alike(shown, said.getvalue().splitlines()):
            raise SnippetError(f"it printed otherwise:\n{said.getvalue()}")

    def _console(self, block: Block) -> None:
        wanted = int(block.marks.get("status") or 0)
        commands = list(consoles(block.text))
        for place, (command, shown) in enumerate(commands, 1):
            status, said = self._run(command)
            expected = wanted if place == len(commands) else 0
            if status != expected:
                raise SnippetError(f"`{command}` ended with {status}, not {expected}:\n{said}")
            if shown and not alike(shown, said.splitlines()):
                raise SnippetError(f"`{command}` printed otherwise:\n{said}")

    def _run(self, command: str) -> tuple[int, str]:
        """Return the status and the output of a command; the tool's own are run in this process."""
        words = shlex.split(command)
        if words[0] == "stepproof" and not set(command) & set("|<>;&$"):
            return self._called(words[1:])
        environment = {**os.environ, **SURROUNDINGS, "PYTHONPATH": str(ROOT)}
        environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
        done = subprocess.run(
            ["bash", "-c", PRELUDE + command],
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout

    def _called(self, words: list[str]) -> tuple[int, str]:
        said = io.StringIO()
        before = {name: os.environ.get(name) for name in SURROUNDINGS}
        os.environ.update(SURROUNDINGS)
        try:
            with contextlib.chdir(self.folder), contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
                status = main(words)
        except SystemExit as ended:
            status = ended.code if isinstance(ended.code, int) else 1
        finally:
            for name, value in before.items():
                os.environ.pop(name) if value is None else os.environ.update({name: value})
        return status, said.getvalue()


SURROUNDINGS = {"COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb"}


def consoles(text: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each command of a console with the lines that are shown of its output."""
    command, shown = "", list[str]()
    for line in text.splitlines():
        if line.startswith(PROMPT):
            if command:
                yield command, shown
            command, shown = line.removeprefix(PROMPT), []
        elif line.startswith(MORE) and not shown:
            command += f"\n{line.removeprefix(MORE)}"
        else:
            shown.append(line)
    yield command, shown


def alike(shown: list[str], said: list[str]) -> bool:
    """Tell whether output is as it is shown, blanks at the ends of lines and of the whole left out."""
    pattern = "".join(r"(?:.*\n)*?" if line.strip() == ANYTHING else f"{_line(line)}\n" for line in _trimmed(shown))
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in _trimmed(said))) is not None


def _line(line: str) -> str:
    return ".*".join(re.escape(part) for part in line.rstrip().split(ANY_WORDS))


def _trimmed(lines: list[str]) -> list[str]:
    return [line.rstrip() for line in "\n".join(lines).strip("\n").split("\n")]
