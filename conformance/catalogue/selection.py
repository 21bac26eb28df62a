"""Selects the paths of a run, and names the paths and the properties that are left out, with the reason."""

from __future__ import annotations

from collections.abc import Iterator

from impls.catalogue.entries import ExecutionPath, Implementation
from impls.session import Session

DEAREST_TIMEOUT = 600.0
"""Seconds that a compiler may take for one case: a time of its own, on any machine."""


def chosen(implementation: Implementation, device: str, asked: tuple[str, ...]) -> list[ExecutionPath]:
    """Return the paths of a run: those ``asked`` for by name, else all but those on request alone."""
    return [path for path in implementation.paths_on(device) if (path.name in asked if asked else not path.on_request)]


def left_out(
    implementations: tuple[Implementation, ...], device: str, asked: tuple[str, ...], properties: tuple[str, ...]
) -> tuple[str, ...]:
    """Return a sentence for each path that is not run, or on which not every property is."""
    owners: dict[tuple[str, str], list[str]] = {}
    for item in implementations:
        for what in _left_out(item, device, asked, properties):
            owners.setdefault(what, []).append(item.identifier)
    return tuple(f"not run: {what} of {', '.join(names)}: {why}" for (what, why), names in owners.items())


def _left_out(
    item: Implementation, device: str, asked: tuple[str, ...], properties: tuple[str, ...]
) -> Iterator[tuple[str, str]]:
    run = chosen(item, device, asked)
    for path in item.paths_on(device):
        if path.on_request and path not in run and not asked:
            yield f"the path {path.name}", f"{path.on_request}: ask for it with --path {path.name}"
    for path in run:
        count = sum(not path.judges(name) for name in properties)
        if count:
            whole = "all" if count == len(properties) else f"{count} of the"
            yield f"{whole} {len(properties)} properties on the path {path.name}", path.otherwise


def cannot_compile(session: Session) -> str:
    """Return why a worker's torch compiles nothing, in one line, or nothing."""
    return str(session.request({"op": "compiles"}).header["reason"])
