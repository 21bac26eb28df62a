"""torch: its optimizers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from impls.catalogue import torch_on_cuda
from impls.catalogue.entries import ExecutionPath, Implementation
from impls.catalogue.torch_on_cuda import OnCuda
from impls.catalogue.torch_paths import (
    ADAM,
    CAPTURABLE,
    CAPTURABLE_PATHS,
    EAGER_PATHS,
    FUSED_ON_HOST,
    ITERATIONS,
    MATRIX_PATHS,
    MOVING,
    RECORDED,
    SPARSE_PATHS,
    TORCH_PATHS,
    using,
    with_further_paths,
)

AMSGRAD = {"amsgrad": ("amsgrad", "raw")}
MAXIMIZE = {"maximize": ("maximize", "yes")}
COUPLED = {"decay": "coupled"}
FACTORED = ("lerp", "step size first", "reciprocal", "by norm")
LR_INSIDE_DECAY = {"decoupled_weight_decay": ("decay", "decoupled")}
RECORDED_NADAM = {**RECORDED, "forms": (*MOVING, "reciprocal step sizes")}
RECORDED_ADAM: dict[str, Any] = {**RECORDED, "forms": (*ADAM, "step size below")}


def _torch(
    name: str, rule: str, paths: tuple[ExecutionPath, ...], forms: tuple[str, ...] = (), **more: Any
) -> Implementation:
    named = f"torch.{name}", f"torch.optim:{name}", rule, using(paths, forms)
    return Implementation(*named, complex_numbers=True, **more)


def _recorded(
    name: str,
    rule: str,
    paths: tuple[ExecutionPath, ...],
    forms: tuple[str, ...] = (),
    *,
    single: tuple[str, ...] = (),
    recorded: Mapping[str, Any] | None = None,
    cuda: OnCuda | None = None,
    **more: Any,
) -> Implementation:
    """Return an optimizer whose steps autograd can record and torch.compile can compile.

    ``forms`` are the legal forms that its paths use, ``single`` those of the single-tensor path where
    it uses others, ``recorded`` is what its arithmetic differs in where autograd records it, and ``cuda`` what
    it differs in there.
    """
    return _torch(name, rule, with_further_paths(using(paths, forms, single, cuda), recorded or {}), **more)


CATALOGUE: tuple[Implementation, ...] = (
    _recorded(
        "SGD",
        "sgd",
        TORCH_PATHS,
        cuda=torch_on_cuda.SGD,
        options=COUPLED,
        switches={"nesterov": ("nesterov", "yes"), **MAXIMIZE},
        counter=None,
    ),
    _recorded(
        "Adam",
        "adam",
        (*TORCH_PATHS, CAPTURABLE),
        ADAM,
        recorded=RECORDED_ADAM,
        cuda=torch_on_cuda.ADAM,
        options=COUPLED,
        switches=AMSGRAD | MAXIMIZE,
    ),
    _recorded(
        "AdamW",
        "adamw",
        (*TORCH_PATHS, CAPTURABLE),
        ADAM,
        recorded=RECORDED_ADAM,
        cuda=torch_on_cuda.ADAM,
        switches=AMSGRAD | MAXIMIZE,
    ),
    _recorded("Adagrad", "adagrad", FUSED_ON_HOST, options=COUPLED, switches=MAXIMIZE),
    _recorded(
        "RMSprop",
        "rmsprop",
        CAPTURABLE_PATHS,
        MOVING,
        options=COUPLED,
        switches={"centered": ("centered", "yes"), **MAXIMIZE},
    ),
    _recorded("Adadelta", "adadelta", CAPTURABLE_PATHS, ("weight first",), options=COUPLED, switches=MAXIMIZE),
    _recorded(
        "Adamax",
        "adamax",
        CAPTURABLE_PATHS,
        ("lerp", "step size first"),
        cuda=torch_on_cuda.ADAMAX,
        options=COUPLED,
        switches=MAXIMIZE,
    ),
    _recorded(
        "NAdam",
        "nadam",
        CAPTURABLE_PATHS,
        ADAM,
        single=MOVING,
        recorded=RECORDED_NADAM,
        cuda=torch_on_cuda.NADAM,
        options=COUPLED,
        switches=LR_INSIDE_DECAY | MAXIMIZE,
    ),
    _recorded(
        "RAdam",
        "radam",
        CAPTURABLE_PATHS,
        (*MOVING, "step size first"),
        single=(*MOVING, "reciprocal"),
        cuda=torch_on_cuda.RADAM,
        options=COUPLED,
        switches=LR_INSIDE_DECAY | MAXIMIZE,
    ),
    _recorded(
        "ASGD",
        "asgd",
        CAPTURABLE_PATHS,
        ("lerp", "decay added"),
        single=("lerp", "copy"),
        cuda=torch_on_cuda.ASGD,
        options=COUPLED,
        switches=MAXIMIZE,
        derived={"eta": "eta_t", "mu": "mu_t"},
    ),
    _recorded("Rprop", "rprop", CAPTURABLE_PATHS, switches=MAXIMIZE),
    _torch(
        "Adafactor",
        "adafactor",
        EAGER_PATHS,
        FACTORED,
        options={"epsilon": "floor"},
        switches=MAXIMIZE,
        of_format=("eps[0]",),
    ),
    Implementation(
        "torch.Adafactor on vectors",
        "torch.optim:Adafactor",
        "adafactor",
        using(EAGER_PATHS, FACTORED),
        options={"epsilon": "floor", "factored": "no"},
        switches=MAXIMIZE,
        of_format=("eps[0]",),
        complex_numbers=True,
    ),
    _torch(
        "SparseAdam",
        "sparse_adam",
        SPARSE_PATHS,
        ("difference added", "quotient first"),
        switches=MAXIMIZE,
        gradient="sparse",
    ),
    _torch(
        "Muon",
        "muon",
        MATRIX_PATHS,
        ("lerp", "step size first"),
        counter=None,
        switches={
            "nesterov=false": ("nesterov", "no"),
            "ns_steps=1": ("iterations", "1"),
            "adjust_lr_fn=match_rms_adamw": ("scale", "rms"),
        },
    ),
    Implementation(
        "torch.LBFGS",
        "_stepproof_worker.torch_lbfgs:LBFGS",
        "lbfgs",
        ITERATIONS,
        switches={"history_size=1": ("pairs", "1")},
        adapts="torch.optim:LBFGS",
    ),
)
