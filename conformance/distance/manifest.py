"""What a kit and its answers say of themselves: whose they are, what was asked for, and where it was answered."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from importlib.metadata import version
from typing import Any, TypeVar, get_type_hints

import msgspec

from conformance.engine.safe_text import safe_text
from conformance.optimizers.subject import worker_subject
from impls.catalogue.entries import Implementation
from impls.catalogue.scheduler_entries import Scheduler
from impls.devices import DEVICES, FLOATS
from impls.kit.program import FORMAT
from impls.session import Session
from reference.formats import FORMATS
from spec import schedules as schedule_book

MOST_SECONDS, MOST_BYTES = 1e4, 1 << 40
FRAMEWORKS = ("torch", "jax")
"""What an optimizer that is asked elsewhere computes with."""
T = TypeVar("T")


class AnswersError(Exception):
    """Answers cannot be judged; the message names the file and says what is wrong with it."""


class Scope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was asked for: entries of the catalogue by name, code of one's own as it was found to be, and how hard."""

    optimizers: tuple[str, ...]
    schedulers: tuple[str, ...]
    own_optimizers: tuple[dict[str, Any], ...]
    own_schedulers: tuple[dict[str, Any], ...]
    device: str
    dtypes: tuple[str, ...]
    properties: tuple[str, ...]
    paths: tuple[str, ...]
    budget: float
    seed: int
    timeout: float
    memory: int


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a kit is: its hash, the release that made it, what is asked, and how large and how long that is."""

    format: int
    kit: str
    stepproof: str
    asked: str
    device: str
    parts: tuple[str, ...]
    questions: int
    question_bytes: int
    answer_bytes: int
    seconds: float
    scope: Scope


class About(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What answers say of the machine that gave them, and of their kit."""

    format: int
    kit: str
    python: str
    platform: str
    torch: str
    devices: tuple[str, ...]
    device: str
    driver: str
    manifest: Manifest
    finished: bool


def checked(about: About) -> About:
    """Return what is said of answers; raises ``ValueError`` for what cannot be judged here."""
    manifest = about.manifest
    if manifest.format != FORMAT or about.format != FORMAT:
        raise ValueError(f"it has format {about.format}, and this release reads {FORMAT}")
    if manifest.stepproof != version("stepproof"):
        raise ValueError(f"its kit is of stepproof {manifest.stepproof}, and this is {version('stepproof')}")
    if about.kit != manifest.kit:
        raise ValueError("it names one kit and describes another")
    scope = manifest.scope
    if scope.device not in DEVICES or scope.device != manifest.device:
        raise ValueError(f"there is no device {safe_text(scope.device, 40)!r}")
    if not scope.dtypes or not set(scope.dtypes) <= set(FLOATS):
        raise ValueError(f"its formats are not among {', '.join(FLOATS)}")
    bounded = 0 < scope.budget <= MOST_SECONDS and 0 < scope.timeout < 1e6 and 0 < scope.memory < MOST_BYTES
    if not bounded or not 0 <= scope.seed < 1 << 63:
        raise ValueError("its budget, seed, time-out or memory cannot be")
    if not (scope.optimizers or scope.schedulers or scope.own_optimizers or scope.own_schedulers):
        raise ValueError("it says of nothing that it was asked")
    return about


def plain(entry: Implementation | Scheduler) -> dict[str, Any]:
    """Return an entry as JSON-ready data."""
    found: dict[str, Any] = msgspec.to_builtins(dataclasses.asdict(entry))
    return found


def optimizer(data: dict[str, Any]) -> Implementation:
    """Return the optimizer that was written; raises ``ValueError`` for what is none."""
    return _read(Implementation, data, _usable_optimizer)


def scheduler(data: dict[str, Any]) -> Scheduler:
    """Return the scheduler that was written; raises ``ValueError`` for what is none."""
    return _read(Scheduler, data, _usable_scheduler)


def _read(of: Callable[..., T], data: dict[str, Any], use: Callable[[T], object]) -> T:
    """Return an entry of plain data, which is used once, so that what is no entry fails here and nowhere else."""
    hints = get_type_hints(of)
    if "domains" in hints:  # two sorts of tuples, which differ by their length
        hints["domains"] = dict[str, tuple[float | bool, ...]]
    fields = [(name, hints[name]) for name in data if name in hints]
    struct = msgspec.defstruct("Entry", fields, forbid_unknown_fields=True)
    try:
        read = msgspec.convert(data, struct, strict=False)
        entry = of(**{name: getattr(read, name) for name, _ in fields})
        use(entry)
    except Exception as error:  # noqa: BLE001 - whatever a description of anybody's makes fail
        said = safe_text(f"{type(error).__name__}: {error}", 200)
        raise ValueError(f"its description of what was asked cannot be used: {said}") from None
    return entry


def _usable_optimizer(entry: Implementation) -> None:
    if not entry.paths or entry.framework not in FRAMEWORKS:
        raise ValueError(f"it has {len(entry.paths)} paths of {entry.framework}")
    for path in entry.paths:
        for dtype in path.dtypes:
            worker_subject(entry, path, path.devices[0], FORMATS[dtype], Session())


def _usable_scheduler(entry: Scheduler) -> None:
    schedule_book.build(entry.schedule, entry.options)
    list(entry.variants())
