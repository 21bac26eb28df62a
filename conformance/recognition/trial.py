"""A trial of an unknown optimizer: two steps on a small parameter, and what they leave behind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from conformance.optimizers.subject import placed
from conformance.recognition.constructor import NotJudgeableError, setting_name, subclass
from impls.session import Session
from reference.formats import FLOAT32, FLOAT64, Format
from spec.rule import UpdateRule

TRIALS = (("dense", FLOAT64), ("sparse", FLOAT64), ("dense", FLOAT32))
"""Layouts of gradients and formats that are tried, the usual ones first."""


@dataclass(frozen=True)
class TrialSteps:
    """The worker's description of two steps: ``shape`` and ``storage`` are the parameter's.

    ``gradient`` is the layout of the gradients that it took.
    """

    description: Mapping[str, Any]
    shape: tuple[int, ...]
    storage: Format
    gradient: str = "dense"

    @property
    def first(self) -> Mapping[str, Any]:
        """The gradient of the first step, and the parameter and the state after it."""
        step: Mapping[str, Any] = self.description["steps"][0]
        return step

    def number(self, keyword: str, default: float) -> float:
        """Return a setting, by the rule's keyword, as the param group holds it."""
        name, place = placed(keyword)
        value = self.description["options"].get(name, default)
        if place is not None and isinstance(value, list | tuple):
            value = value[place]
        return float(value) if isinstance(value, int | float) else default


def try_steps(target: str, formula: UpdateRule, parameters: Mapping[str, bool], session: Session) -> TrialSteps:
    """Return what two trial steps show; raises ``NotJudgeableError`` for a class that makes none."""
    shape = (2, 2) if formula.matrices else (4,)
    given: dict[str, Any] = {}
    for item in formula.hyperparameters:
        name = setting_name(item.keyword)
        if name == item.keyword and (name == "lr" or parameters.get(name)):
            given[name] = item.default
        elif parameters.get(name):
            given[name] = [*given.get(name, ()), item.default]
    if "momentum" in parameters:  # without momentum no buffer would be shown
        given["momentum"] = 0.5
    request = {"op": "describe", "target": target, "constructor": given, "shape": list(shape)}
    failed: list[Mapping[str, Any]] = []
    for layout, storage in TRIALS:
        asked = {**request, "gradient": layout, "dtype": storage.name}
        described = session.request(asked).header["trial"]
        if described.get("ok"):
            return TrialSteps(described, shape, storage, layout)
        failed.append(described)
    error = failed[0]
    doing = {"construct": "its constructor", "step": "its step"}.get(error["where"], "its trial")
    values = ", ".join(f"{name}={value}" for name, value in given.items())
    raise NotJudgeableError(
        f"`{target}` cannot be judged: {doing} raised {error['type']}: {error['message']} (with {values} and "
        f"a parameter of shape {shape}); {subclass(formula)}, and whose step can be called with nothing"
    )
