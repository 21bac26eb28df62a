"""Optax: gradient transformations on JAX, on the CPU.

XLA on the CPU treats subnormals as zero, as operands and as results.  A Python scalar takes the
format of the array it meets; what depends on the step count is computed in float32, or in float64
where JAX has numbers of 64 bits.  A quotient by a root becomes a product with its reciprocal, which
is within one unit of the exact one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from impls.catalogue.entries import ExecutionPath, Implementation
from impls.catalogue.library import Library
from impls.catalogue.torch_paths import using
from impls.libraries.optax_schedules import SCHEDULERS

XLA: dict[str, Any] = {"flush": True, "coefficient": "storage", "scalar": "float32", "units": {"root": 1.0}}
LOW, HIGH = ("float32", "bfloat16", "float16"), ("float64",)


def _paths(constructor: Mapping[str, Any] | None = None, **more: Any) -> tuple[ExecutionPath, ...]:
    own, low = constructor or {}, XLA | more
    return (
        ExecutionPath("jit", {"jit": True, **own}, dtypes=LOW, profile=low),
        ExecutionPath("jit, 64 bits", {"jit": True, **own}, dtypes=HIGH, profile=low | {"scalar": "float64"}),
        ExecutionPath("without jit", {"jit": False, **own}, dtypes=LOW, profile=low),
    )


PATHS = _paths()
LEARNING_RATE = {"lr": ("learning_rate",)}
BETAS = {"betas[0]": ("b1",), "betas[1]": ("b2",), **LEARNING_RATE}
MOMENTS = {"exp_avg": "0.mu", "exp_avg_sq": "0.nu"}


CORRECTED = ("reciprocal correction", "factored")
OVER_ROOT = ("reciprocal", *CORRECTED)
WITH_DECAY = ("decay inside", *OVER_ROOT)


def _optax(
    name: str, rule: str, counter: str | None = "0.count", forms: tuple[str, ...] = (), **more: Any
) -> Implementation:
    more = {"keywords": BETAS, "states": MOMENTS, **more}
    paths = using(more.pop("paths", PATHS), ("textbook", *forms))
    return Implementation(
        f"optax.{name}", f"optax:{name}", rule, paths, counter=counter, framework="jax", library="optax", **more
    )


OPTIMIZERS: tuple[Implementation, ...] = (
    _optax(
        "sgd",
        "sgd",
        None,
        keywords=LEARNING_RATE,
        states={"momentum_buffer": "0.trace"},
        switches={"nesterov": ("nesterov", "yes")},
        fixed={"dampening": 0.0},
        absent=("momentum",),
    ),
    _optax("adam", "adam", forms=WITH_DECAY),
    _optax("adamw", "adamw", forms=WITH_DECAY),
    _optax("nadam", "nadam", forms=("decay inside", *CORRECTED), options={"schedule": "constant"}),
    _optax(
        "nadamw", "nadam", forms=("decay inside", *CORRECTED), options={"schedule": "constant", "decay": "decoupled"}
    ),
    _optax(
        "amsgrad",
        "amsgrad",
        forms=WITH_DECAY,
        options={"amsgrad": "corrected"},
        states={**MOMENTS, "max_exp_avg_sq": "0.nu_max"},
    ),
    _optax(
        "adagrad",
        "adagrad",
        None,
        ("reciprocal",),
        options={"epsilon": "guarded"},
        keywords=LEARNING_RATE,
        states={"sum": "0.sum_of_squares"},
        fixed={"lr_decay": 0.0},
    ),
    _optax(
        "rmsprop",
        "rmsprop",
        None,
        ("reciprocal", "factored"),
        options={"epsilon": "inside", "momentum": "lr_inside"},
        keywords={**LEARNING_RATE, "alpha": ("decay",)},
        switches={"centered": ("centered", "yes")},
        states={"square_avg": "0.nu", "grad_avg": "0.mu", "momentum_buffer": "-2.trace"},
        absent=("momentum",),
    ),
    _optax(
        "adadelta",
        "adadelta",
        None,
        ("reciprocal", "factored"),
        options={"decay": "coupled"},
        keywords=LEARNING_RATE,
        states={"square_avg": "1.e_g", "acc_delta": "1.e_x"},
    ),
    _optax("adamax", "adamax", forms=CORRECTED, states={"exp_avg": "0.mu", "exp_inf": "0.nu"}),
    _optax("radam", "radam", forms=OVER_ROOT, options={"threshold": "from_5", "epsilon": "outside"}),
    _optax(
        "lion", "lion", forms=("decay inside", "factored"), options={"decay": "decoupled"}, states={"exp_avg": "0.mu"}
    ),
    _optax(
        "adabelief",
        "adabelief",
        forms=WITH_DECAY,
        keywords={**BETAS, "eps": ("eps", "eps_root")},
        states={"exp_avg": "0.mu", "exp_avg_var": "0.nu"},
    ),
    _optax(
        "yogi",
        "yogi",
        forms=WITH_DECAY,
        options={"start": "constant", "correction": "both"},
        fixed={"initial_accumulator": 1e-6},
    ),
    _optax(
        "adan",
        "adan",
        "0.t",
        ("factored",),
        paths=_paths({"eps_root": 0.0}),
        options={"decay": "proximal"},
        keywords={**BETAS, "betas[2]": ("b3",)},
        states={"exp_avg": "0.m", "exp_avg_diff": "0.v", "exp_avg_sq": "0.n", "previous_grad": "0.g"},
    ),
    _optax(
        "rprop",
        "rprop",
        None,
        states={"prev": "", "step_size": "0.step_sizes"},
        keywords={
            **LEARNING_RATE,
            "etas[0]": ("eta_minus",),
            "etas[1]": ("eta_plus",),
            "step_sizes[0]": ("min_step_size",),
            "step_sizes[1]": ("max_step_size",),
        },
    ),
)
LIBRARY = Library("optax", "optax", "optax", OPTIMIZERS, SCHEDULERS)
