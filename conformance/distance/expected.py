"""What an answer must hold for its question: what has another shape was given by no worker."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import msgspec

from reference.formats import FORMATS

Number = float | int | str | bool | None
Rows = dict[str, str]


class RunAnswer(msgspec.Struct, frozen=True):
    """What was read of steps: counts by reading and tensor, and in which formats states are kept."""

    counts: list[list[float | None]]
    state_dtypes: dict[str, str]
    step_seconds: float


class SeenStep(msgspec.Struct, frozen=True):
    """A step that an experiment hands over: the formats of its rows, by what they are, and what else it says."""

    before: Rows = {}
    gradient: Rows = {}
    got: Rows = {}
    expected: Rows = {}


class SeenObservation(msgspec.Struct, frozen=True):
    """One observation of an experiment."""

    what: str
    compared: int
    differing: int
    got: Any
    expected: Any
    place: Any
    step: SeenStep | None = None


class ExperimentAnswer(msgspec.Struct, frozen=True):
    """What an experiment observed, and what it ended with."""

    observations: list[SeenObservation]
    error: dict[str, str] | None


class ScheduleAnswer(msgspec.Struct, frozen=True):
    """What was read of a scheduler, reading by reading and group by group."""

    used: list[list[float]]
    last: list[list[float]]
    momentum: list[list[float | None]]
    changed: list[str]


class HelloAnswer(msgspec.Struct, frozen=True):
    """What an interpreter has."""

    torch: str
    devices: list[str]


class ProbeAnswer(msgspec.Struct, frozen=True):
    """Whether a library is there."""

    version: str
    reason: str


class SignatureAnswer(msgspec.Struct, frozen=True):
    """The keywords of a constructor."""

    parameters: list[dict[str, Any]]


SHAPES: Mapping[str, type[msgspec.Struct]] = MappingProxyType(
    {
        "run": RunAnswer,
        "run_jax": RunAnswer,
        "contract": ExperimentAnswer,
        "schedule": ScheduleAnswer,
        "hello": HelloAnswer,
        "probe": ProbeAnswer,
        "signature": SignatureAnswer,
    }
)


def check(question: Mapping[str, Any], answer: object, buffers: Sequence[memoryview]) -> None:
    """Raise ``ValueError`` or ``TypeError`` where an answer has not what its question asks for."""
    if not isinstance(answer, dict):
        raise TypeError(f"it is {type(answer).__name__} and no object")
    shape = SHAPES.get(question["op"])
    read = msgspec.convert(answer, shape) if shape is not None else None
    if isinstance(read, RunAnswer):
        _check_run(question, read, buffers)
    if isinstance(read, ExperimentAnswer):
        rows = [row for seen in read.observations if seen.step for row in _rows(seen.step)]
        _check_formats(row for row in rows)
        if len(rows) != len(buffers):
            raise ValueError(f"{len(buffers)} arrays came, and {len(rows)} are named")
        for dtype, buffer in zip(rows, buffers, strict=True):
            if buffer.nbytes % FORMATS[dtype].dtype.itemsize:
                raise ValueError(f"an array of {buffer.nbytes} bytes holds no {dtype}")


def _rows(step: SeenStep) -> list[str]:
    return [dtype for part in (step.before, step.gradient, step.got, step.expected) for dtype in part.values()]


def _check_formats(names: Any) -> None:
    for name in names:
        if name not in FORMATS:
            raise ValueError(f"there is no format {name[:40]!r}")


def _check_run(question: Mapping[str, Any], read: RunAnswer, buffers: Sequence[memoryview]) -> None:
    """Compare counts and sizes with the tensors, the states and the steps that were asked for."""
    tensors = [tensor["shape"] for group in question["groups"] for tensor in group["tensors"]]
    readings = len(question["steps"]) if question["read"] == "every" else 1
    if [len(counts) for counts in read.counts] != [len(tensors)] * readings:
        raise ValueError(f"its counts are not those of {readings} readings of {len(tensors)} tensors")
    states = question["states"]
    if len(buffers) != readings * len(tensors) * (1 + len(states)):
        raise ValueError(f"{len(buffers)} arrays came, where {readings * len(tensors) * (1 + len(states))} were asked")
    _check_formats(read.state_dtypes.values())
    queue = iter(buffers)
    for shape in tensors * readings:
        size = math.prod(shape) * FORMATS[question["dtype"]].dtype.itemsize
        if (came := next(queue).nbytes) != size:
            raise ValueError(f"a parameter of {size:,} bytes came with {came:,}")
        for key in states:
            dtype = FORMATS[read.state_dtypes.get(key, question["dtype"])].dtype
            if (came := next(queue).nbytes) % dtype.itemsize:
                raise ValueError(f"the state {key} came with {came:,} bytes, which hold no {dtype}")
