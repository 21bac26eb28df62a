"""A trial of an unknown optimizer: a few steps on a small parameter, and what they leave behind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from conformance.optimizers.setting_names import written
from conformance.recognition.constructor import NotJudgeableError
from impls.session import Session
from reference.formats import FLOAT32, FLOAT64, Format
from spec.rule import Domain, Hyperparameter, UpdateRule

TRIALS = (("dense", FLOAT64), ("sparse", FLOAT64), ("dense", FLOAT32))
"""Layouts of gradients and formats that are tried, the usual ones first."""
WAYS: tuple[Mapping[str, Any], ...] = ({}, {"flat": True}, {"named": True}, {"flat": True, "named": True})
CALLINGS = (*WAYS, *({**way, "alone": True} for way in WAYS))
"""How parameters are given: in groups, in a list, with names; and all this again beside a process group."""
INSIDE: tuple[Mapping[str, Any], ...] = ({"inside": True}, {"inside": True, "alone": True})
"""How a target is called whose settings stand in its groups alone."""

SHARED = ("group:", "optimizer:")
"""Where what is kept need not be of one parameter alone."""


def asks_for_group(said: Iterable[str]) -> bool:
    """Tell whether something that was raised asks for a process group, in torch's words."""
    return any("process group" in message for message in said)


@dataclass(frozen=True)
class TrialSteps:
    """The worker's description of steps: ``shape`` and ``storage`` are the parameter's.

    ``gradient`` is the layout of the gradients that it took, ``values`` are the settings that it
    had, by the rule's keyword, ``calling`` is how it was called, and ``constructor`` with what.
    """

    description: Mapping[str, Any]
    shape: tuple[int, ...]
    storage: Format
    gradient: str = "dense"
    values: Mapping[str, float] = field(default_factory=dict)
    calling: Mapping[str, Any] = field(default_factory=dict)
    constructor: Mapping[str, Any] = field(default_factory=dict)

    @property
    def steps(self) -> list[Mapping[str, Any]]:
        """The gradient of each step, and the parameter and the state after it."""
        return list(self.description["steps"])

    @property
    def group(self) -> Mapping[str, Any]:
        """The param group before the first step."""
        options: Mapping[str, Any] = self.description["options"]
        return options

    @property
    def before(self) -> Mapping[str, Any]:
        """What is kept before the first step, by its path."""
        state: Mapping[str, Any] = self.description["state"]
        return state

    def is_own(self, path: str) -> bool:
        """Tell whether what is kept there is one parameter's own."""
        return not path.startswith(SHARED) or "*" in path.split("/")

    @property
    def ends(self) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """What is kept before the first step, and after it."""
        return self.before, self.steps[0]["state"]


@dataclass(frozen=True)
class Trier:
    """What tries one target: its calls to the worker, and what every one of them gives."""

    target: str
    session: Session
    arguments: Mapping[str, Any]
    flags: Mapping[str, Any]
    inside: bool = False
    """Whether its settings stand in the groups alone."""
    matrices: bool = False
    """Whether it is asked about matrices alone."""
    function: bool = False
    """Whether it is a function of parameters, gradients and states."""

    def described(self, **asked: Any) -> Mapping[str, Any]:
        """Return the worker's description of the target."""
        header: Mapping[str, Any] = self.session.request({"op": "describe", "target": self.target, **asked}).header
        return header

    def steps(
        self,
        rule: UpdateRule,
        keywords: Mapping[str, tuple[str, ...]],
        switches: Mapping[str, Any],
        trials: Sequence[tuple[str, Format]] = TRIALS,
    ) -> TrialSteps:
        """Return what trial steps with settings of their own show, or with the rule's defaults.

        Raises ``NotJudgeableError`` where none work.
        """
        shape = (2, 3) if rule.matrices or self.matrices else (4,)
        offered = [item for item in rule.hyperparameters if item.keyword in keywords]
        said = ""
        for values in (watched(offered), {item.keyword: item.default for item in offered}):
            given = written(offered, {h.symbol.name: values[h.keyword] for h in offered}, keywords)
            constructor = {**given, **self.arguments, **switches}
            found = self._tried(constructor, shape, values, trials)
            if isinstance(found, TrialSteps):
                return found
            said = said or self._said(found, constructor, shape)
        raise NotJudgeableError(said)

    def _tried(
        self,
        constructor: Mapping[str, Any],
        shape: tuple[int, ...],
        values: Mapping[str, float],
        trials: Sequence[tuple[str, Format]],
    ) -> TrialSteps | list[Mapping[str, Any]]:
        """Return the first trial that makes its steps, or what each of them raised."""
        failed: list[Mapping[str, Any]] = []
        for way in self.ways:
            if way.get("alone") and not asks_for_group(str(trial["message"]) for trial in failed):
                break
            for layout, storage in trials:
                asked = {"constructor": dict(constructor), "shape": list(shape), "calling": way}
                trial = self.described(**asked, gradient=layout, dtype=storage.name)["trial"]
                if trial.get("ok"):
                    return TrialSteps(trial, shape, storage, layout, values, way, constructor)
                failed.append(trial)
        return failed

    @property
    def ways(self) -> list[Mapping[str, Any]]:
        """How the target may be called, the usual way first."""
        flags = {"flags": dict(self.flags)} if self.flags else {}
        own = ({"function": True},) if self.function else INSIDE if self.inside else CALLINGS
        return [{**way, **flags} for way in own]

    def again(self, trial: TrialSteps, constructor: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return what the same steps show with other keywords."""
        like = {"shape": list(trial.shape), "gradient": trial.gradient, "dtype": trial.storage.name}
        described: Mapping[str, Any] = self.described(**like, constructor=dict(constructor), calling=trial.calling)
        shown: Mapping[str, Any] = described["trial"]
        return shown

    def _said(self, failed: list[Mapping[str, Any]], given: Mapping[str, Any], shape: tuple[int, ...]) -> str:
        """Return what the trial that came farthest raised, and what to do."""
        order = {"construct": 0, "step": 1, "read": 2}
        error = max(failed, key=lambda trial: order.get(trial["where"], 0))
        doing = {"construct": "its constructor", "step": "its step"}.get(error["where"], "its trial")
        values = ", ".join(f"{name}={value}" for name, value in given.items())
        return (
            f"`{self.target}` cannot be judged: {doing} raised {error['type']}: {error['message']} (with {values} and "
            f"a parameter of shape {shape}); where it asks for something else, give it with --argument NAME=VALUE, or "
            "with --group NAME=VALUE what every param group must say, or name a function module:make that takes "
            "parameters and settings and returns the optimizer"
        )


def watched(items: list[Hyperparameter]) -> dict[str, float]:
    """Return a value of few bits for each setting, by keyword, no two of them the same."""
    found: dict[str, float] = {}
    for place, item in enumerate(items):
        own = _watched(item.domain, item.default, place)
        legal = (value for value in own if value in item.domain and value not in found.values())
        found[item.keyword] = next(legal, item.default)
    return found


def _watched(domain: Domain, default: float, place: int) -> tuple[float, ...]:
    if domain.low < 0:
        return (default,)
    if domain.high <= 1:
        return (1 - 2.0 ** -(2 + place), 1 - 2.0 ** -(3 + place))
    if domain.low >= 1 or default >= 1:
        return (default + place / 8, default + place / 8 + 1 / 16)
    return (2.0 ** -(4 + place), 3 * 2.0 ** -(5 + place))
