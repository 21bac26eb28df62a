"""stepproof_optim: the optimizers that this project ships, from `impls/production`.

A half-format tensor is computed on in float32, on every path.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from impls.catalogue.entries import EVERYWHERE, ExecutionPath, Implementation
from impls.catalogue.library import Library
from impls.catalogue.torch_optimizers import AMSGRAD, COUPLED, LR_INSIDE_DECAY, MAXIMIZE
from impls.catalogue.torch_paths import EAGER, FORMULA
from impls.devices import HOST
from impls.libraries.stepproof_optim_schedules import SCHEDULERS

NAME = "stepproof_optim"
SINGLE, FUSED = {"foreach": False, "fused": False}, {"foreach": False, "fused": True}
HALVES = ("bfloat16", "float16")
ARITHMETIC: dict[str, Any] = {**EAGER, "intermediate": "compute"}
STEP_SIZE_FIRST = ("root first", "step size first")


def _paths(*forms: str) -> tuple[ExecutionPath, ...]:
    arithmetic = {**ARITHMETIC, "forms": forms}
    recorded = {**SINGLE, "differentiable": True}
    otherwise = (
        "the contract steps leaves that ask for a gradient, which autograd forbids to overwrite while it records"
    )
    return (
        ExecutionPath("single-tensor", SINGLE, EVERYWHERE, profile=arithmetic),
        ExecutionPath("foreach", {"foreach": True, "fused": False}, EVERYWHERE, profile=arithmetic),
        ExecutionPath("fused", FUSED, (HOST,), profile=arithmetic),
        ExecutionPath("differentiable", recorded, (HOST,), profile=arithmetic, properties=FORMULA, otherwise=otherwise),
    )


def _whole(*forms: str) -> ExecutionPath:
    """Return the one path of a rule whose tensors are stepped whole."""
    return ExecutionPath("single-tensor", {}, EVERYWHERE, profile={**ARITHMETIC, "forms": forms})


def _own(name: str, rule: str, *forms: str, variant: str = "", whole: bool = False, **more: Any) -> Implementation:
    given = {"switches": MAXIMIZE, "library": NAME, "complex_numbers": True, **more}
    found = (_whole(*forms),) if whole else _paths(*forms)
    return Implementation(f"{NAME}.{name}{variant}", f"{NAME}:{name}", rule, found, **given)


AMSBOUND = {"amsbound": ("amsgrad", "raw")}
FLOOR = {"epsilon": "floor"}
OPTIMIZERS: tuple[Implementation, ...] = (
    _own("SGD", "sgd", options=COUPLED, switches={"nesterov": ("nesterov", "yes"), **MAXIMIZE}, counter=None),
    _own("Adam", "adam", *STEP_SIZE_FIRST, options=COUPLED, switches=AMSGRAD | LR_INSIDE_DECAY | MAXIMIZE),
    _own("AdamW", "adamw", *STEP_SIZE_FIRST, switches=AMSGRAD | MAXIMIZE),
    _own("Adagrad", "adagrad", options=COUPLED),
    _own("RMSprop", "rmsprop", options=COUPLED, switches={"centered": ("centered", "yes"), **MAXIMIZE}),
    _own("Adamax", "adamax", "step size first", options=COUPLED),
    _own("NAdam", "nadam", "root first", options=COUPLED, switches=LR_INSIDE_DECAY | MAXIMIZE),
    _own("RAdam", "radam", "step size over root", options=COUPLED, switches=LR_INSIDE_DECAY | MAXIMIZE),
    _own("Yogi", "yogi", options={"start": "constant", **COUPLED}, switches=LR_INSIDE_DECAY | MAXIMIZE),
    _own(
        "AdaBound",
        "adabound",
        options=COUPLED,
        switches={"amsbound": ("amsgrad", "raw"), **LR_INSIDE_DECAY, **MAXIMIZE},
    ),
    _own("Lion", "lion", options={"decay": "decoupled"}, counter=None),
    _own("Adan", "adan", options={"decay": "proximal"}, switches={"no_prox": ("decay", "decoupled"), **MAXIMIZE}),
    _own("LAMB", "lamb", "root first", "step size first", whole=True),
    _own("Adafactor", "adafactor", "step size first", whole=True, options=FLOOR, of_format=("eps[0]",)),
    _own(
        "Adafactor",
        "adafactor",
        "step size first",
        variant=" on vectors",
        whole=True,
        options={**FLOOR, "factored": "no"},
        of_format=("eps[0]",),
    ),
    _own(
        "Muon",
        "muon",
        "step size first",
        whole=True,
        counter=None,
        switches={
            "nesterov=false": ("nesterov", "no"),
            "ns_steps=1": ("iterations", "1"),
            "adjust_lr_fn=match_rms_adamw": ("scale", "rms"),
        },
    ),
)


@dataclass(frozen=True)
class Option:
    """What parameters of 16 bits are stepped with: with more than they show, or rounded at random."""

    name: str
    given: Mapping[str, Any]
    rests: tuple[str, ...] = ()
    stored: str = "nearest"
    properties: tuple[str, ...] = ("*",)
    otherwise: str = ""

    def of(self, name: str, rule: str, *forms: str, **more: Any) -> Implementation:
        """Return a rule with the option, which has no other formats."""
        made = _own(name, rule, *forms, variant=f" {self.name}", **more)
        judged: dict[str, Any] = {"properties": self.properties, "otherwise": self.otherwise, "dtypes": HALVES}
        paths = tuple(
            replace(
                path,
                constructor={**path.constructor, **self.given},
                profile={**path.profile, "stored": self.stored},
                **judged,
            )
            for path in made.paths
            if path.whole
        )
        return replace(made, paths=paths, rests=self.rests)


DRAWN = (
    *("agreement/*", "decay/*", "precision/*", "history/*", "state/*"),
    *("groups/callers-*", "groups/settings-not-shared", "hyperparameters/refused*", "hyperparameters/error-*"),
    *("whole/[!dt]*", "whole/default-*"),
)
AT_RANDOM = "no two runs are alike"
BESIDE = ("[!w]*/*", "whole/[!d]*", "whole/de*")
NEAREST = "recorded steps are rounded to nearest: `differentiable` is refused beside other roundings"
OPTIONS = (
    Option("with float32 states", {"wide_states": True}),
    Option("with Kahan summation", {"rounding": "kahan"}, HALVES, properties=BESIDE, otherwise=NEAREST),
    Option("with master weights", {"rounding": "master"}, HALVES, properties=BESIDE, otherwise=NEAREST),
    Option("rounded at random", {"rounding": "stochastic"}, (), "either", DRAWN, AT_RANDOM),
)
OF_HALVES = tuple(
    made
    for option in OPTIONS
    for made in (option.of("SGD", "sgd", options=COUPLED, counter=None), option.of("AdamW", "adamw", *STEP_SIZE_FIRST))
)
LIBRARY = Library(NAME, NAME, "stepproof-optim", (*OPTIMIZERS, *OF_HALVES), SCHEDULERS, source="impls/production")
