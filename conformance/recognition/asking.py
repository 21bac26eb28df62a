"""Questions to an unknown optimizer: many trials in one request, and which of them it refuses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from conformance.optimizers.defaults import own_defaults
from conformance.optimizers.setting_names import constructor_setting
from conformance.optimizers.subject import WorkerSubject
from impls.catalogue.entries import Refusal
from impls.failures import REFUSALS
from spec.rule import Hyperparameter

FIRST = (0.5, 0.9, 0.1, 0.01, 1.0, 2.0)
"""Values of a setting that is at work, the first legal one of which is taken."""
Switches = tuple[str, ...]
Trial = Mapping[str, Any]


@dataclass(frozen=True)
class Asking:
    """Asks one path of an entry in one format."""

    subject: WorkerSubject

    def trial(self, switches: Switches, values: Mapping[str, float], **more: Any) -> Trial:
        """Return the trial of settings, by symbol, without a step; ``more`` may ask for some, and for other shapes."""
        rule, item = self.subject.rules[switches], self.subject
        on = dict(constructor_setting(switch) for switch in switches)
        return {
            "constructor": {**item.options(rule, values), **item.path.constructor, **on},
            "shape": [2, 3] if rule.matrices else [4],
            "dtype": item.storage.name,
            "steps": 0,
            **more,
        }

    def answers(self, trials: Sequence[Trial]) -> list[Mapping[str, Any]]:
        """Return for each trial what came of it."""
        if not trials:
            return []
        entry = self.subject.implementation
        header = {
            "op": "tries",
            "target": entry.target,
            "calling": dict(entry.calling),
            "gradient": entry.gradient,
            "trials": list(trials),
        }
        answers: list[Mapping[str, Any]] = self.subject.session.request(header).header["trials"]
        return answers

    def refusals(self, trials: Sequence[tuple[str, str, Trial]], *, phases: Iterable[str]) -> list[Refusal | None]:
        """Return for each trial, of a setting at a value, the refusal, or nothing.

        One that fails in another way, or in a phase that is none of ``phases``, is no refusal.
        """
        answers = self.answers([trial for _, _, trial in trials])
        return [
            _refusal(setting, value, answer, phases)
            for (setting, value, _), answer in zip(trials, answers, strict=True)
        ]

    def usual(self, switches: Switches) -> dict[str, float]:
        """Return the defaults of a variant, by symbol, as far as they are legal."""
        rule = self.subject.rules[switches]
        defaults = own_defaults(self.subject, rule)
        return {h.symbol.name: legal(h, defaults[h.symbol.name]) for h in rule.hyperparameters}

    def active(self, switches: Switches) -> dict[str, float]:
        """Return settings of a variant, by symbol, none of which is 0 where it need not be."""
        values = {h.symbol.name: legal(h, *FIRST) for h in self.subject.rules[switches].hyperparameters}
        return {name: self.subject.fixed.get(name, value) for name, value in values.items()}


def legal(item: Hyperparameter, *values: float) -> float:
    """Return the first of some values that is legal, or else one that is."""
    return next((value for value in (*values, item.default) if value in item.domain), item.domain.inner)


def _refusal(setting: str, value: str, answer: Mapping[str, Any], phases: Iterable[str]) -> Refusal | None:
    if answer["ok"] or answer["type"] not in REFUSALS or answer["where"] not in phases:
        return None
    return Refusal(setting, value, answer["type"], answer["message"], answer["where"])
