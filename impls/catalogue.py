"""The catalogue: what each implementation under test claims, and how it can run.

An entry is plain data.  The judge reads it; nothing here imports the framework, the spec or the
reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

FLOATS = ("float32", "float64", "bfloat16", "float16")


@dataclass(frozen=True)
class ExecutionPath:
    """One way an implementation can run, and the arithmetic it declares for it.

    ``constructor`` selects the path; ``profile`` maps keys of the profile to their values.
    """

    name: str
    constructor: Mapping[str, Any] = field(default_factory=dict)
    devices: tuple[str, ...] = ("cpu",)
    dtypes: tuple[str, ...] = FLOATS
    profile: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Implementation:
    """Code that claims a rule.

    ``target`` is ``module:attribute``, imported by the worker alone.  ``options`` are the rule's
    options that it always has; ``switches`` maps a constructor keyword to the option that it turns
    on.  ``states`` maps the rule's state keywords to its own keys, where they differ; a state
    that it hides maps to the empty string.  ``fixed`` are hyperparameters that it does not offer.
    ``exact_counts`` is the number of steps that its counter can hold.
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

    def path(self, name: str, device: str) -> ExecutionPath:
        """Return the path called ``name`` on ``device``; raises ``KeyError`` if there is none."""
        return {(p.name, where): p for p in self.paths for where in p.devices}[name, device]


FORMS = ("lerp", "weight first", "root first", "step size first")
EAGER: dict[str, Any] = {"forms": FORMS, "units": {"root": 1.0}}
"""Eager roots come from a vector mathematics library, which promises one unit in the last place."""
KERNEL: dict[str, Any] = {"forms": FORMS, "intermediate": "compute"}
ON_DEVICE = {"scalar": "float32", "forms": ("*",)}
"""Step count, powers and corrections are computed on the device, in float32."""
SINGLE: Mapping[str, Any] = {"foreach": False, "fused": False}
FUSED: Mapping[str, Any] = {"foreach": False, "fused": True}
TORCH_PATHS = (
    ExecutionPath("single-tensor", SINGLE, ("cpu", "cuda"), profile=EAGER),
    ExecutionPath("foreach", {"foreach": True, "fused": False}, ("cpu", "cuda"), profile=EAGER),
    ExecutionPath("fused", FUSED, ("cpu",), profile=KERNEL),
    ExecutionPath("fused", FUSED, ("cuda",), profile=KERNEL | ON_DEVICE),
)
CAPTURABLE = ExecutionPath("capturable", {**SINGLE, "capturable": True}, ("cuda",), profile=EAGER | ON_DEVICE)
ADAM_SWITCHES = {"amsgrad": ("amsgrad", "raw"), "maximize": ("maximize", "yes")}

CATALOGUE: tuple[Implementation, ...] = (
    Implementation(
        "torch.SGD",
        "torch.optim:SGD",
        "sgd",
        TORCH_PATHS,
        options={"decay": "coupled"},
        switches={"nesterov": ("nesterov", "yes"), "maximize": ("maximize", "yes")},
        counter=None,
    ),
    Implementation(
        "torch.Adam",
        "torch.optim:Adam",
        "adam",
        (*TORCH_PATHS, CAPTURABLE),
        options={"decay": "coupled"},
        switches=ADAM_SWITCHES,
    ),
    Implementation(
        "torch.AdamW",
        "torch.optim:AdamW",
        "adamw",
        (*TORCH_PATHS, CAPTURABLE),
        switches=ADAM_SWITCHES,
    ),
)
