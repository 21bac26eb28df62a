"""Many trials of one target in one request: whether each is made, and else what was raised and where."""

from __future__ import annotations

from typing import Any

from .calling import step_of
from .failures import TargetFailure, phase, report
from .surroundings import restore
from .torch_platform import with_rows
from .torch_trial import Build, trial_values


def tries(header: dict[str, Any], _buffers: list[memoryview]) -> tuple[dict[str, Any], list[bytes]]:
    """A trial builds the target on one parameter, and makes so many steps as it says."""
    restore()
    return {"trials": [_answer(header, trial) for trial in header["trials"]]}, []


def _answer(header: dict[str, Any], trial: dict[str, Any]) -> dict[str, Any]:
    build = Build(header["target"], trial["constructor"], "cpu", trial["dtype"], header["calling"])
    try:
        _make(build, tuple(trial["shape"]), trial["steps"], sparse=header["gradient"] != "dense")
    except TargetFailure as failure:
        told = report(failure)
        if told["used_up"]:
            raise  # the worker cannot go on
        return {key: told[key] for key in ("ok", "where", "type", "message")}
    return {"ok": True}


def _make(build: Build, shape: tuple[int, ...], steps: int, *, sparse: bool) -> None:
    parameter = build.parameter(trial_values(0, shape, build))
    optimizer = build.optimizer([{"params": [parameter]}])
    for step in range(1, steps + 1):
        gradient = trial_values(step, shape, build)
        parameter.grad = with_rows(gradient) if sparse else gradient
        with phase("step"):
            step_of(optimizer, [parameter])()
