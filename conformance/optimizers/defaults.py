"""The default settings of an implementation, as its own signature gives them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from conformance.optimizers.subject import WorkerSubject
from impls.session import Session
from spec.rule import Hyperparameter, UpdateRule


def _signature(session: Session, target: str) -> Mapping[str, Any]:
    header = {"op": "signature", "target": target}
    answer = session.remember(("signature", target), lambda: session.request(header).header)
    return {item["name"]: item.get("default") for item in answer["parameters"]}


def own_defaults(subject: WorkerSubject, rule: UpdateRule) -> dict[str, float]:
    """Return hyperparameters by their symbol: the rule's default where the signature gives no number."""
    return {item.symbol.name: _default(subject, item) for item in rule.hyperparameters}


def _default(subject: WorkerSubject, item: Hyperparameter) -> float:
    name = item.symbol.name
    if name in subject.fixed or subject.implementation.framework == "numpy":
        return subject.fixed.get(name, item.default)
    if item.keyword in subject.implementation.of_format:
        return 2 * subject.storage.unit_roundoff
    keyword, place = subject.keyword(item)
    value = _signature(subject.session, subject.implementation.target).get(keyword)
    if place is not None:
        value = value[place] if isinstance(value, (list, tuple)) else None
    number = isinstance(value, (int, float)) and not isinstance(value, bool) and value in item.domain
    return float(value) if number else item.default  # type: ignore[arg-type]
