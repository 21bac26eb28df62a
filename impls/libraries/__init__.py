"""What other libraries than torch implement of the rule book; each is an optional extra.

A library is a module here, `NAME.py`, with its entries and its `LIBRARY`, and beside it `NAME_schedules.py`
where its schedulers have a file of their own.  An entry states what the library's documentation claims.
A library is judged where a worker can import it, and reported as not run where it cannot.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib import import_module

from impls.catalogue.library import Library
from impls.catalogue.scheduler_entries import CLAIM, Scheduler
from impls.catalogue.torch_schedulers import SCHEDULERS
from impls.catalogue.written_entries import OPENS, read

BESIDE = "_schedules"
"""Ends the name of a module that holds a library's schedulers."""


def _found() -> Iterator[Library]:
    """Yield what each module beside this one describes."""
    for module in pkgutil.iter_modules(__path__):
        if not module.name.endswith(BESIDE):
            yield import_module(f"{__name__}.{module.name}").LIBRARY


LIBRARIES = {library.name: library for library in _found()}
OTHERS = tuple(item for library in LIBRARIES.values() for item in library.implementations)
"""Every implementation of every other library."""
OTHER_SCHEDULERS = tuple(item for library in LIBRARIES.values() for item in library.schedulers)
"""Every scheduler of every other library."""


def scheduler(name: str) -> Scheduler | None:
    """Return the entry with this identifier or target, or the one that a claim describes."""
    if OPENS in name:
        return read(name)
    if CLAIM in name:
        target, _, claim = name.partition(CLAIM)
        schedule, computes, *options = claim.split(";")
        return claiming(target, schedule, dict(option.split("=") for option in options), computes)
    return next((s for s in (*SCHEDULERS, *OTHER_SCHEDULERS) if name in {s.identifier, s.target}), None)


def claiming(target: str, schedule: str, options: Mapping[str, str], computes: str) -> Scheduler:
    """Return the entry of a target from outside that claims a schedule.

    It takes the keywords of torch's scheduler for that schedule, or the schedule's own.
    """
    identifier = f"{target}{CLAIM}{';'.join([schedule, computes, *(f'{k}={v}' for k, v in options.items())])}"
    like = next((s for s in SCHEDULERS if s.schedule == schedule), None)
    if like is None:
        return Scheduler(identifier, target, schedule, computes, dict(options), by_epoch=False)
    switches = {name: value for name, value in like.switches.items() if name not in options}
    chosen = {**like.options, **options}
    return replace(
        like, identifier=identifier, target=target, computes=computes, options=chosen, switches=switches, otherwise=""
    )
