"""The paths on which torch runs its optimizers, and the legal forms that several of them use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from impls.catalogue.entries import ALL_FORMS, EVERYWHERE, ExecutionPath
from impls.catalogue.torch_on_cuda import CUDA, squared_first
from impls.devices import HOST

EAGER: dict[str, Any] = {"units": {"root": 1.0}, "bound": "storage"}
"""Eager roots come from a vector mathematics library, which promises one unit in the last place."""
KERNEL: dict[str, Any] = {"intermediate": "compute"}
MOVING = ("lerp", "weight first")
ADAM = (*MOVING, "root first", "step size first")
SINGLE: Mapping[str, Any] = {"foreach": False}
FUSED: Mapping[str, Any] = {"foreach": False, "fused": True}
TORCH_PATHS = (
    ExecutionPath("single-tensor", SINGLE, EVERYWHERE, profile=EAGER),
    ExecutionPath("foreach", {"foreach": True}, EVERYWHERE, profile=EAGER),
    ExecutionPath("fused", FUSED, (HOST, CUDA, "mps"), profile=KERNEL, scalars_to_device=True),
)
CAPTURABLE = ExecutionPath("capturable", {**SINGLE, "capturable": True}, (CUDA,), profile=EAGER, scalars_to_device=True)
EAGER_PATHS = tuple(path for path in TORCH_PATHS if path.name != "fused")
"""Paths of optimizers without a fused kernel."""
CAPTURABLE_PATHS = (*EAGER_PATHS, CAPTURABLE)
SPARSE_PATHS = (ExecutionPath("sparse", {}, EVERYWHERE, profile=EAGER),)
ITERATIONS = (ExecutionPath("one iteration", {}, EVERYWHERE, ("float32", "float64"), EAGER),)
MATRIX_PATHS = (ExecutionPath("single-tensor", {}, EVERYWHERE, profile=EAGER),)
FUSED_ON_HOST = tuple(replace(p, devices=(HOST,)) if p.name == "fused" else p for p in TORCH_PATHS)
RECORDED = {"scalar": "compute"}
"""The step count takes part as a float32 tensor, and so do the corrections that depend on it."""
FORMULA = (
    "agreement/*",
    "bias-correction/*",
    "decay/*",
    "stability/*",
    "groups/late-first-gradient",
    "groups/own-initial-state",
    "gradients/absent-rows",
    "state/counts-steps",
    "state/step-count",
)
"""The properties of a rule's formula, which need no optimizer but the one that is stepped."""


def with_further_paths(paths: tuple[ExecutionPath, ...], recorded: Mapping[str, Any]) -> tuple[ExecutionPath, ...]:
    """Return the paths, and what torch offers beside them for the single-tensor one."""
    single = next(path for path in paths if path.name == "single-tensor")
    differentiable = replace(
        single,
        name="differentiable",
        constructor={**SINGLE, "differentiable": True},
        devices=(HOST,),
        profile={**single.profile, **recorded},
        properties=FORMULA,
        otherwise="the contract steps leaves that ask for a gradient, which autograd forbids to overwrite "
        "while it records; its clause whole/differentiable, on single-tensor, differentiates a step",
    )
    compiled = ExecutionPath(
        "compiled",
        SINGLE,
        profile={**KERNEL, **RECORDED, "forms": ALL_FORMS, "bound": "storage"},
        properties=("agreement/*", "state/counts-steps", "state/step-count"),
        otherwise="every optimizer that a property builds would be compiled for seconds",
        on_request="each of its cases is compiled for seconds",
        cost=20,
        compiled=True,
    )
    return (*paths, differentiable, compiled)


def using(
    paths: tuple[ExecutionPath, ...],
    forms: tuple[str, ...],
    single: tuple[str, ...] = (),
    cuda: Mapping[str, Mapping[str, Any]] | None = None,
) -> tuple[ExecutionPath, ...]:
    """Return the paths with the legal forms that they use, where a path does not say its own.

    ``single`` are those of the single-tensor path, where it uses others than the rest.  ``cuda`` maps paths to what
    their profile has otherwise there, besides ``addcmul``.
    """
    of_single = {"single-tensor": single or forms}
    found = []
    for path in paths:
        profile = {"forms": of_single.get(path.name, forms), **path.profile}
        there = {"forms": squared_first(profile["forms"]), **(cuda or {}).get(path.name, {})}
        found.append(replace(path, profile=profile, on_devices={CUDA: there, **path.on_devices}))
    return tuple(found)
