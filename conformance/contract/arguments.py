"""Arguments of experiments: what each run of a clause is given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from conformance.contract.clause import Arguments
from conformance.subject import WorkerSubject
from spec.rule import UpdateRule


def each(*given: Mapping[str, Any]) -> Arguments:
    """Return the same arguments for every variant of a rule."""

    def arguments(subject: WorkerSubject, rule: UpdateRule) -> Iterator[Mapping[str, Any]]:
        yield from given

    return arguments


def once(*given: Mapping[str, Any]) -> Arguments:
    """Return arguments for the first variant of a rule alone: the others have the same code there."""

    def arguments(subject: WorkerSubject, rule: UpdateRule) -> Iterator[Mapping[str, Any]]:
        if rule is next(iter(subject.rules.values())):
            yield from given

    return arguments
