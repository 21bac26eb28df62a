"""The page of what torch does otherwise than the optimizers that are shipped, from the ledger and the faults."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from conformance.engine.ledger import EVERY, FOLDER, OPTIMIZERS, SCHEDULERS, Entry, load
from documentation.deviation_pages import plain
from impls.catalogue.torch_optimizers import CATALOGUE
from impls.catalogue.torch_schedulers import SCHEDULERS as TORCH_SCHEDULERS
from impls.devices import HOST
from impls.libraries import LIBRARIES

PATH = "reference/shipped.md"
FAULTS = Path(__file__).parents[1] / "docs" / "faults" / "torch.md"
SHIPPED = LIBRARIES["stepproof_optim"]
COMPILED = "compiled"
"""A path that is judged of torch, and of what is shipped not."""
HEAD = """# Where torch deviates and what is shipped does not

Every known deviation of torch on the CPU in a rule or a schedule that [stepproof-optim](../production.md) has too.
There the ledger is empty: its class of the same name passes these properties on the paths and in the formats to
which they apply. Each script is torch's, and what it prints is what torch does; `stepproof deviations NAME` prints
that of the others.
"""


def pages() -> Iterator[tuple[str, str]]:
    """Yield the path and the text of the page."""
    yield PATH, page()


def page() -> str:
    """Return a table of the optimizers and one of the schedules."""
    scripts = dict(_scripts(FAULTS.read_text(encoding="utf-8")))
    parts = [HEAD]
    for title, chapter in (("Optimizers", OPTIMIZERS), ("Schedules", SCHEDULERS)):
        rows = [_row(entry, scripts) for entry in entries() if entry.chapter == chapter]
        parts.append(f"## {title}\n\n| property | torch | its script |\n| --- | --- | --- |\n" + "\n".join(rows) + "\n")
    return "\n".join(parts)


def entries() -> Iterator[Entry]:
    """Yield torch's deviations on the host in what is shipped too, on paths that are judged of it."""
    for entry in load(FOLDER / "torch.toml"):
        elsewhere = not any(fnmatchcase(HOST, pattern) for pattern in entry.devices) or entry.paths == (COMPILED,)
        if not elsewhere and shipped(entry):
            yield entry


def shipped(entry: Entry) -> tuple[str, ...]:
    """Return the classes of torch of which an entry speaks that are shipped too, on a path of which it speaks."""
    if entry.chapter == SCHEDULERS:
        ours: dict[str, tuple[str, ...]] = {item.identifier: EVERY for item in SHIPPED.schedulers}
        theirs = {item.identifier for item in TORCH_SCHEDULERS}
    else:
        ours = {i.identifier.partition(" ")[0]: tuple(p.name for p in i.paths) for i in SHIPPED.implementations}
        theirs = {item.identifier for item in CATALOGUE}
    named = {name.rpartition(".")[2]: paths for name, paths in ours.items()}
    return tuple(
        name
        for name, paths in sorted(named.items())
        if f"torch.{name}" in theirs and _any([f"torch.{name}"], entry.implementations) and _any(paths, entry.paths)
    )


def _any(names: Iterable[str], patterns: Iterable[str]) -> bool:
    return any(name in EVERY or fnmatchcase(name, pattern) for name in names for pattern in patterns)


def _row(entry: Entry, scripts: dict[str, str]) -> str:
    whose = "every optimizer" if entry.implementations == EVERY else ", ".join(shipped(entry))
    claims = "<br>".join(f"`{claim}`" for claim in entry.properties)
    anchor = scripts.get(entry.identifier)
    script = (
        f"[script](../faults/torch.md#{anchor})"
        if anchor
        else f"[{entry.identifier}](deviations/torch.md#{entry.identifier})"
    )
    return f"| {claims} | {whose}: {plain(entry.reason)} | {script} |"


def _scripts(text: str) -> Iterator[tuple[str, str]]:
    """Yield each entry that a fault is known as, and the anchor of the fault, which has a script."""
    for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        title = section.partition("\n")[0]
        anchor = re.sub(r"\s+", "-", re.sub(r"[^\w\s-]", "", title.lower()).strip())
        for name in re.findall(r"deviations/torch\.md#([\w.-]+)", section):
            yield name, anchor
