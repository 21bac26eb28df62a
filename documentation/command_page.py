"""The page of the command line, from its parsers."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from conformance.cli import COMMANDS
from conformance.commands.subcommand import Subcommand

PATH = "reference/command-line.md"
HEAD = """# Command line

`stepproof COMMAND`, or `python -m conformance.cli COMMAND` in a checkout. This page is written from the parsers when
the site is built. The exit status of whatever judges is 0 where it conforms, 1 where it does not, 2 where it could not
be judged, and 130 or 143 where it was cut short: [what follows from what](../explanations/levels.md#the-outcome).
"""


def page() -> str:
    """Return the page: usage and arguments of every subcommand."""
    return "\n".join((HEAD, *(_section(name) for name in COMMANDS)))


def _section(name: str) -> str:
    words, _, add = COMMANDS[name]
    parser = Subcommand(prog=f"stepproof {name}", add_help=False)
    add(parser)
    shown = f"## {name}\n\n{words[0].upper()}{words[1:]}.\n\n{_described(parser)}"
    below = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]  # noqa: SLF001
    for further, part in (pair for action in below for pair in action.choices.items()):
        shown += f"\n### {name} {further}\n\n{_described(part)}"
    return shown


def _described(parser: argparse.ArgumentParser) -> str:
    """Return the usage of a command, and a table of its arguments."""
    usage = " ".join(parser.format_usage().removeprefix("usage: ").split())
    rows = [*_rows(parser)]
    table = "\n".join(("| argument | default | meaning |", "| --- | --- | --- |", *rows, "")) if rows else ""
    return f"```text\n{usage}\n```\n\n{table}"


def _rows(parser: argparse.ArgumentParser) -> Iterator[str]:
    for action in parser._actions:  # noqa: SLF001 argparse has no other way to ask
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 each has a table of its own
            continue
        names = ", ".join(f"`{name}`" for name in action.option_strings) or f"`{action.dest}`"
        shown = action.metavar if isinstance(action.metavar, str) else action.dest.upper()
        value = f" `{shown}`" if action.option_strings and action.nargs != 0 else ""
        default = "" if action.default in (None, False, "", []) or action.nargs == 0 else f"`{action.default}`"
        words = str(action.help or "") % {**vars(action), "prog": parser.prog}
        choices = f" One of {', '.join(f'`{c}`' for c in action.choices)}." if action.choices else ""
        often = " May be given several times." if isinstance(action, argparse._AppendAction) else ""  # noqa: SLF001
        yield f"| {names}{value} | {default} | {_cell(words)}{choices}{often} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("*", "\\*").replace("<", "&lt;")
