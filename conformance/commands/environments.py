"""What the interpreters of a run see: devices, the version of the framework, and those of the libraries judged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from conformance.catalogue.installed import versions
from conformance.commands.run_part import RunPart
from conformance.report.assembly import environment_of
from impls.session import Session


@dataclass(frozen=True)
class Seen:
    """The devices that a worker sees, and the version of its framework."""

    devices: tuple[str, ...]
    framework: str


def seen_by(session: Session) -> Seen:
    """Return what a worker sees."""
    header = session.request({"op": "hello"}).header
    return Seen(tuple(header["devices"]), str(header["torch"]))


def all_seen(parts: Iterable[RunPart], session: Session) -> dict[str | None, Seen]:
    """Return what each interpreter of a run sees; ``session`` has that of the first part."""
    found: dict[str | None, Seen] = {}
    for part in parts:
        if not found:
            found[part.python] = seen_by(session)
        elif part.python not in found:
            with Session(part.python, timeout=part.timeout, memory=part.memory) as other:
                found[part.python] = seen_by(other)
    return found


def environment(parts: Sequence[RunPart], seen: Mapping[str | None, Seen]) -> dict[str, str]:
    """Return the versions that a run depends on; those of a further interpreter say whose they are."""
    first = parts[0].python
    found = environment_of(seen[first].framework)
    for python in seen:
        items = [item for part in parts if part.python == python for item in part.judged]
        own = {} if python == first else {"torch": seen[python].framework}
        for name, version in {**own, **versions(items, python)}.items():
            found[name if python == first else f"{name} in {python}"] = version
    return found
