"""Entries for the updates that a notebook writes out, which live beside the worker."""

from __future__ import annotations

from impls.catalogue.entries import ExecutionPath, Implementation

WRITTEN_OUT = (
    ExecutionPath(
        "written out",
        dtypes=("float32", "float64"),
        profile={"units": {"root": 1.0}},
        properties=("training/*",),
        otherwise="a notebook writes out an update and no optimizer: its training is judged",
    ),
)


def _notebook(name: str, rule: str) -> Implementation:
    target = f"_stepproof_worker.from_scratch:{name}"
    return Implementation(f"notebook.{name}", target, rule, WRITTEN_OUT, counter=None)


FROM_SCRATCH: tuple[Implementation, ...] = (
    _notebook("SGD", "sgd"),
    _notebook("RMSprop", "rmsprop"),
    _notebook("Adam", "adam"),
    _notebook("Adam", "adamw"),
)
