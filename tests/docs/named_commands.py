"""The commands that pages name, in sentences and in blocks that no test runs: their words and options."""

from __future__ import annotations

import re
from collections.abc import Iterator

from conformance.cli import COMMANDS, Subcommand

NAMED = re.compile(r"(?<![\w/.-])stepproof ([a-z][a-z-]*)((?: +[^`\n]*)?)")
OPTION = re.compile(r"(?<![\w-])(--[a-z][a-z-]*)")
SPOKEN = re.compile(r"`(stepproof [^`]*)`")
OPEN = frozenset({"plot"})
"""Commands that take settings by any name."""


def options_of(command: str) -> frozenset[str]:
    """Return the options of a command, and of what it is divided into."""
    parser = Subcommand(prog=f"stepproof {command}")
    COMMANDS[command][2](parser)
    return frozenset(_options(parser))


def _options(parser: object) -> Iterator[str]:
    for action in parser._actions:  # type: ignore[attr-defined]
        yield from action.option_strings
        choices = action.choices
        for inner in choices.values() if isinstance(choices, dict) else ():
            yield from _options(inner)


def named(text: str) -> Iterator[tuple[str, str]]:
    """Yield the command and the rest of the line of each that a page shows in code or in a block."""
    inside = False
    for line in text.replace("\\\n", " ").splitlines():
        if line.lstrip().startswith("```"):
            inside = not inside
            continue
        for part in [line] if inside else SPOKEN.findall(line):
            yield from NAMED.findall(part)


def unknown(text: str) -> list[str]:
    """Return what a page names and there is not: commands, and options of commands."""
    wrong = []
    for command, rest in named(text):
        if command not in COMMANDS:
            wrong.append(f"stepproof {command}")
        elif command not in OPEN:
            known = options_of(command)
            wrong += [f"stepproof {command} {option}" for option in OPTION.findall(rest) if option not in known]
    return wrong
