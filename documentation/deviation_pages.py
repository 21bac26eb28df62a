"""Pages of the known deviations, one for each library, from the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from conformance.engine.ledger import FOLDER, Entry, load

PATH = "reference/deviations"
SPECIAL = "\\`*_{}[]<>|#"


def pages() -> Iterator[tuple[str, str]]:
    """Yield the path and the text of every page: a list, and one page for each library."""
    known = {file.stem: load(file) for file in sorted(FOLDER.glob("*.toml"))}
    rows = "\n".join(f"| [{name}]({name}.md) | {len(entries)} |" for name, entries in known.items())
    yield f"{PATH}/index.md", f"{HEAD}\n| library | entries |\n| --- | ---: |\n{rows}\n"
    for name, entries in known.items():
        yield f"{PATH}/{name}.md", page(name, entries)


HEAD = """# Known deviations

What is known to deviate, as the ledger in `conformance/ledger/` has it. Each entry has stored cases, which are replayed
first whenever its cells are judged: one that no longer shows fails the cell. `stepproof deviations NAME` runs the
smallest case and prints the script that shows it. [Faults found in the wild](../../faults/index.md) tells what the
worst of them cost.
"""


def page(library: str, entries: tuple[Entry, ...]) -> str:
    """Return the page of a library: each entry with its reason, where it shows, and how the rest is judged."""
    return "\n".join((f"# Known deviations of {library}\n", *(_section(entry) for entry in entries)))


def _section(entry: Entry) -> str:
    where = f"{', '.join(entry.implementations)}: {entry.condition}"
    return (
        f"## {entry.identifier} {{ #{entry.identifier} }}\n\n{plain(entry.reason)}\n\n"
        f"- Shows in {plain(where)}\n- Of the rest: {plain(entry.rest)}\n"
        f"- Shown by `stepproof deviations {entry.identifier}`\n"
    )


def identifiers(folder: Path = FOLDER) -> frozenset[str]:
    """Return the names of all entries."""
    return frozenset(entry.identifier for file in folder.glob("*.toml") for entry in load(file))


def plain(text: str) -> str:
    """Return a text in which no letter is Markdown."""
    return "".join(f"\\{letter}" if letter in SPECIAL else letter for letter in text)
