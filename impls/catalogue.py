"""The catalogue: what each implementation under test claims, and how it can run.

An entry is plain data.  The judge reads it; nothing here imports the framework, the spec or the
reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any

FLOATS = ("float32", "float64", "bfloat16", "float16")


@dataclass(frozen=True)
class ExecutionPath:
    """One way an implementation can run, and the arithmetic it declares for it.

    ``constructor`` selects the path; ``profile`` maps keys of the profile to their values.
    ``properties`` are patterns of what is judged on it, and ``otherwise`` says why the rest is not
    run.  A path that is judged ``on_request`` alone says why; a case on it has the ``cost`` of so
    many others.  ``compiled`` tells whether the step is given to torch.compile.
    """

    name: str
    constructor: Mapping[str, Any] = field(default_factory=dict)
    devices: tuple[str, ...] = ("cpu",)
    dtypes: tuple[str, ...] = FLOATS
    profile: Mapping[str, Any] = field(default_factory=dict)
    properties: tuple[str, ...] = ("*",)
    otherwise: str = ""
    on_request: str = ""
    cost: int = 1
    compiled: bool = False

    def judges(self, claim: str) -> bool:
        """Tell whether the property ``claim`` is judged on this path."""
        return any(fnmatchcase(claim, pattern) for pattern in self.properties)

    @property
    def whole(self) -> bool:
        """Tell whether everything is judged on it, the contract included."""
        return "*" in self.properties


@dataclass(frozen=True)
class Implementation:
    """Code that claims a rule.

    ``target`` is ``module:attribute``, imported by the worker alone.  ``options`` are the rule's
    options that it always has; ``switches`` maps a constructor keyword, or ``keyword=value``, to the option
    that it turns on.  ``states`` maps the rule's state keywords to its own keys, where they differ; a state
    that it hides maps to the empty string, and one that it keeps negated has a minus before its
    key.  ``counter`` is where it counts steps: a key of its state, or ``group:KEY`` where a param
    group counts for all its parameters.  ``fixed`` are hyperparameters that it does not offer.
    ``derived`` are keys of its state that hold a scalar line of the rule, computed ahead.
    ``keywords`` maps the rule's hyperparameter keywords to its own, where they differ; those in
    ``absent`` are given as None where they are 0, and ``domains`` narrows the legal values of some
    to those from a low one to below a high one.
    ``of_format`` are hyperparameters whose default, by its documentation, is the machine epsilon of
    the tensor's format.
    ``gradient`` is the layout it takes, ``dense`` or ``sparse``.
    ``framework`` is what it computes with, ``library`` the package that ships it.  ``adapts`` is
    the class that people call, where the target makes it an optimizer of plain steps.
    """

    identifier: str
    target: str
    rule: str
    paths: tuple[ExecutionPath, ...]
    options: Mapping[str, str] = field(default_factory=dict)
    switches: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    states: Mapping[str, str] = field(default_factory=dict)
    counter: str | None = "step"
    fixed: Mapping[str, float] = field(default_factory=dict)
    framework: str = "torch"
    derived: Mapping[str, str] = field(default_factory=dict)
    gradient: str = "dense"
    keywords: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    absent: tuple[str, ...] = ()
    domains: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    library: str = "torch"
    of_format: tuple[str, ...] = ()
    adapts: str = ""

    @property
    def called(self) -> str:
        """The class that people call."""
        return self.adapts or self.target

    def path(self, name: str, device: str) -> ExecutionPath:
        """Return the path called ``name`` on ``device``; raises ``KeyError`` if there is none."""
        return {(p.name, where): p for p in self.paths for where in p.devices}[name, device]


EAGER: dict[str, Any] = {"units": {"root": 1.0}, "bound": "storage"}
"""Eager roots come from a vector mathematics library, which promises one unit in the last place."""
KERNEL: dict[str, Any] = {"intermediate": "compute"}
MOVING = ("lerp", "weight first")
ADAM = (*MOVING, "root first", "step size first")
ALL_FORMS = ("*",)
ON_DEVICE = {"scalar": "float32", "forms": ALL_FORMS}
"""Step count, powers and corrections are computed on the device, in float32."""
SINGLE: Mapping[str, Any] = {"foreach": False}
FUSED: Mapping[str, Any] = {"foreach": False, "fused": True}
TORCH_PATHS = (
    ExecutionPath("single-tensor", SINGLE, ("cpu", "cuda"), profile=EAGER),
    ExecutionPath("foreach", {"foreach": True}, ("cpu", "cuda"), profile=EAGER),
    ExecutionPath("fused", FUSED, ("cpu",), profile=KERNEL),
    ExecutionPath("fused", FUSED, ("cuda",), profile=KERNEL | ON_DEVICE),
)
CAPTURABLE = ExecutionPath("capturable", {**SINGLE, "capturable": True}, ("cuda",), profile=EAGER | ON_DEVICE)
AMSGRAD = {"amsgrad": ("amsgrad", "raw")}
MAXIMIZE = {"maximize": ("maximize", "yes")}
COUPLED = {"decay": "coupled"}
EAGER_PATHS = tuple(path for path in TORCH_PATHS if path.name != "fused")
"""Paths of optimizers without a fused kernel."""
CAPTURABLE_PATHS = (*EAGER_PATHS, CAPTURABLE)
FACTORED = ("lerp", "step size first", "reciprocal", "by norm")
SPARSE_PATHS = (ExecutionPath("sparse", {}, ("cpu", "cuda"), profile=EAGER),)
ITERATIONS = (ExecutionPath("one iteration", {}, ("cpu", "cuda"), ("float32", "float64"), EAGER),)
MATRIX_PATHS = (ExecutionPath("single-tensor", {}, ("cpu", "cuda"), profile=EAGER),)
FUSED_ON_CPU = tuple(path for path in TORCH_PATHS if path.name != "fused" or path.devices == ("cpu",))
LR_INSIDE_DECAY = {"decoupled_weight_decay": ("decay", "decoupled")}
RECORDED = {"scalar": "compute"}
"""The step count takes part as a float32 tensor, and so do the corrections that depend on it."""
RECORDED_NADAM = {**RECORDED, "forms": (*MOVING, "reciprocal step sizes")}
RECORDED_ADAM: dict[str, Any] = {**RECORDED, "forms": (*ADAM, "step size below")}
FORMULA = (
    "agreement/*",
    "bias-correction/*",
    "decay/*",
    "stability/*",
    "groups/late-first-gradient",
    "groups/own-initial-state",
    "gradients/absent-rows",
    "state/step-count",
)
"""The properties of a rule's formula, which need no optimizer but the one that is stepped."""


def with_further_paths(
    paths: tuple[ExecutionPath, ...], recorded: Mapping[str, Any]
) -> tuple[ExecutionPath, ...]:
    """Return the paths, and what torch offers beside them for the single-tensor one."""
    single = next(path for path in paths if path.name == "single-tensor")
    differentiable = replace(
        single,
        name="differentiable",
        constructor={**SINGLE, "differentiable": True},
        devices=("cpu",),
        profile={**single.profile, **recorded},
        properties=FORMULA,
        otherwise="the contract steps leaves that ask for a gradient, which autograd forbids to overwrite "
        "while it records; its clause whole/differentiable, on single-tensor, differentiates a step",
    )
    compiled = ExecutionPath(
        "compiled",
        SINGLE,
        profile={**KERNEL, **RECORDED, "forms": ALL_FORMS, "bound": "storage"},
        properties=("agreement/*", "state/step-count"),
        otherwise="every optimizer that a property builds would be compiled for seconds",
        on_request="each of its cases is compiled for seconds",
        cost=20,
        compiled=True,
    )
    return (*paths, differentiable, compiled)


def using(
    paths: tuple[ExecutionPath, ...], forms: tuple[str, ...], single: tuple[str, ...] = ()
) -> tuple[ExecutionPath, ...]:
    """Return the paths with the legal forms that they use, where a path does not say its own.

    ``single`` are those of the single-tensor path, where it uses others than the rest.
    """
    of_single = {"single-tensor": single or forms}
    return tuple(
        replace(path, profile={"forms": of_single.get(path.name, forms), **path.profile}) for path in paths
    )


def _torch(
    name: str, rule: str, paths: tuple[ExecutionPath, ...], forms: tuple[str, ...] = (), **more: Any
) -> Implementation:
    return Implementation(f"torch.{name}", f"torch.optim:{name}", rule, using(paths, forms), **more)


def _recorded(
    name: str,
    rule: str,
    paths: tuple[ExecutionPath, ...],
    forms: tuple[str, ...] = (),
    *,
    single: tuple[str, ...] = (),
    recorded: Mapping[str, Any] | None = None,
    **more: Any,
) -> Implementation:
    """Return an optimizer whose steps autograd can record and torch.compile can compile.

    ``forms`` are the legal forms that its paths use, ``single`` those of the single-tensor path where
    it uses others, and ``recorded`` is what its arithmetic differs in where autograd records it.
    """
    return _torch(name, rule, with_further_paths(using(paths, forms, single), recorded or {}), **more)


CATALOGUE: tuple[Implementation, ...] = (
    _recorded(
        "SGD",
        "sgd",
        TORCH_PATHS,
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
        options=COUPLED,
        switches=AMSGRAD | MAXIMIZE,
    ),
    _recorded(
        "AdamW",
        "adamw",
        (*TORCH_PATHS, CAPTURABLE),
        ADAM,
        recorded=RECORDED_ADAM,
        switches=AMSGRAD | MAXIMIZE,
    ),
    _recorded("Adagrad", "adagrad", FUSED_ON_CPU, options=COUPLED, switches=MAXIMIZE),
    _recorded(
        "RMSprop",
        "rmsprop",
        CAPTURABLE_PATHS,
        MOVING,
        options=COUPLED,
        switches={"centered": ("centered", "yes"), **MAXIMIZE},
    ),
    _recorded(
        "Adadelta",
        "adadelta",
        CAPTURABLE_PATHS,
        ("weight first",),
        options=COUPLED,
        switches=MAXIMIZE,
    ),
    _recorded(
        "Adamax",
        "adamax",
        CAPTURABLE_PATHS,
        ("lerp", "step size first"),
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
        options=COUPLED,
        switches=LR_INSIDE_DECAY | MAXIMIZE,
    ),
    _recorded(
        "RAdam",
        "radam",
        CAPTURABLE_PATHS,
        (*MOVING, "step size first"),
        single=(*MOVING, "reciprocal"),
        options=COUPLED,
        switches=LR_INSIDE_DECAY | MAXIMIZE,
    ),
    _recorded(
        "ASGD",
        "asgd",
        CAPTURABLE_PATHS,
        ("lerp", "decay added"),
        single=("lerp", "copy"),
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
