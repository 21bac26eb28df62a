"""Keywords of an unknown constructor that are no settings: what their other values do is tried where it can be."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from conformance.recognition.constructor import ASKED_ELSEWHERE, Signature
from conformance.recognition.trial import TrialSteps, Trier


def untried(
    trier: Trier, signature: Signature, trial: TrialSteps, constructor: Mapping[str, Any], known: Collection[str]
) -> tuple[str, ...]:
    """Return the keywords that keep their defaults, though another value may change a step.

    ``known`` are those that are given.  A switch is turned over: one that is refused then, or that leaves the
    trial steps as they are, is no longer among them.
    """
    rest = [name for name in signature.defaults if name not in {*known, *ASKED_ELSEWHERE}]
    return tuple(name for name in rest if _may_matter(trier, name, signature.defaults[name], trial, constructor))


def _may_matter(trier: Trier, name: str, default: Any, trial: TrialSteps, constructor: Mapping[str, Any]) -> bool:
    if not isinstance(default, bool):
        return True
    turned = trier.again(trial, {**constructor, name: not default})
    return bool(turned.get("ok")) and any(
        one["parameter"] != other["parameter"] for one, other in zip(turned["steps"], trial.steps, strict=True)
    )
