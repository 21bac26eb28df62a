"""Which libraries a worker can import: those are judged, the others are said to be not run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from impls.catalogue.entries import Implementation
from impls.catalogue.library import Library
from impls.catalogue.scheduler_entries import Scheduler
from impls.catalogue.torch_optimizers import CATALOGUE
from impls.catalogue.torch_schedulers import SCHEDULERS
from impls.libraries import LIBRARIES
from impls.session import Session

TORCH = "torch"
NAMES = (TORCH, *LIBRARIES)


@dataclass(frozen=True)
class Installation:
    """What can be judged, and one sentence for each library that cannot."""

    implementations: tuple[Implementation, ...]
    not_run: tuple[str, ...]
    schedulers: tuple[Scheduler, ...] = ()


def find(names: Iterable[str], python: str | None) -> Installation:
    """Return what the libraries called ``names`` implement, as far as a worker can import them."""
    chosen = tuple(names)
    found: list[Implementation] = list(CATALOGUE) if TORCH in chosen else []
    not_run = []
    schedulers = list(SCHEDULERS) if TORCH in chosen else []
    with Session(python) as session:
        for library in (LIBRARIES[name] for name in chosen if name != TORCH):
            _, reason = probe(library, session)
            if reason:
                not_run.append(missing(library, reason))
            else:
                found += library.implementations
                schedulers += library.schedulers
    return Installation(tuple(found), tuple(not_run), tuple(schedulers))


def missing(library: Library, reason: str) -> str:
    """Return the sentence that says that a library is not installed, and what to do."""
    return (
        f"not run: {library.name}: {reason}; install it beside the code under test, with "
        f"pip install {library.requirement}"
    )


def probe(library: Library, session: Session) -> tuple[str, str]:
    """Return the version of a library that a worker can import, or the reason why it cannot."""
    header = {"op": "probe", "module": library.module, "package": library.package}
    answer = session.request(header).header
    return str(answer["version"]), str(answer["reason"])


def version(implementation: Implementation | Scheduler, session: Session) -> str:
    """Return the version of the library that ships an implementation or a scheduler."""
    return version_of(implementation.library, session)


def version_of(name: str, session: Session) -> str:
    """Return the version of a library, or of torch where it is no other, that a worker can import."""
    library = LIBRARIES.get(name)
    if library is None:
        return str(session.request({"op": "hello"}).header.get("torch", ""))
    return probe(library, session)[0]


def versions(implementations: Iterable[Implementation | Scheduler], python: str | None) -> Mapping[str, str]:
    """Return the version of every other library that ships one of ``implementations``."""
    names = {item.library for item in implementations} & LIBRARIES.keys()
    if not names:
        return {}
    with Session(python) as session:
        return {name: probe(LIBRARIES[name], session)[0] for name in sorted(names)}
