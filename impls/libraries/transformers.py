"""transformers: its Adafactor, with relative, absolute and warmed-up steps, on matrices and vectors."""

from __future__ import annotations

from typing import Any

from impls.catalogue.entries import ExecutionPath, Implementation
from impls.catalogue.library import Library
from impls.catalogue.torch_paths import EAGER
from impls.libraries.transformers_schedules import SCHEDULERS

PROFILE = EAGER | {
    "forms": ("weight from the rate", "reciprocal", "factors apart", "mean first"),
    "intermediate": "compute",
    "coefficient": "storage",
}
MATRIX = {"row_var": "exp_avg_sq_row", "col_var": "exp_avg_sq_col"}
VECTOR = {"variance": "exp_avg_sq"}
KEYWORDS = {"beta2_decay": ("decay_rate",), "d": ("clip_threshold",), "betas[0]": ("beta1",)}
ABSOLUTE = {"relative_step": False, "scale_parameter": False}
RELATIVE = 1e-2
"""What stands in for a learning rate where steps are relative to the parameter."""


def _adafactor(variant: str, constructor: dict[str, Any], *, vectors: bool, **options: str) -> Implementation:
    chosen = {"factored": "no"} if vectors else {}
    absolute = options.get("step") == "given"
    moment = options.get("moment") == "beta1"
    return Implementation(
        f"transformers.Adafactor{variant}",
        "transformers.optimization:Adafactor",
        "adafactor",
        (ExecutionPath("default", constructor, profile=PROFILE),),
        options={"decay": "step", **options, **chosen},
        states=VECTOR if vectors else MATRIX,
        keywords=KEYWORDS,
        fixed={} if absolute else {"lr": RELATIVE},
        library="transformers",
        domains={"betas[0]": (0.0, 1.0)} if moment else {},
    )


OPTIMIZERS: tuple[Implementation, ...] = (
    _adafactor("", {}, vectors=False),
    _adafactor(" on vectors", {}, vectors=True),
    _adafactor(" warmed up", {"warmup_init": True}, vectors=False, step="warm-up"),
    _adafactor(" with lr", ABSOLUTE, vectors=False, step="given", scale="none", moment="beta1"),
    _adafactor(" with lr on vectors", ABSOLUTE, vectors=True, step="given", scale="none"),
)
LIBRARY = Library("transformers", "transformers.optimization", "transformers", OPTIMIZERS, SCHEDULERS)
