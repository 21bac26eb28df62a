"""Arguments of experiments: what each run of a clause is given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from conformance.contract import settings
from conformance.contract.clause import Arguments
from conformance.contract.offers import grouped
from conformance.optimizers.subject import WorkerSubject
from spec.rule import UpdateRule


def each(*given: Mapping[str, Any]) -> Arguments:
    """Return the same arguments for every variant of a rule."""

    def arguments(_subject: WorkerSubject, _rule: UpdateRule) -> Iterator[Mapping[str, Any]]:
        yield from given

    return arguments


def once(*given: Mapping[str, Any]) -> Arguments:
    """Return arguments for the first variant of a rule alone: the others have the same code there."""
    return of_first_variant(each(*given))


def of_first_variant(made: Arguments) -> Arguments:
    """Return the arguments that ``made`` yields for the first variant of a rule, and none for the others."""

    def arguments(subject: WorkerSubject, rule: UpdateRule) -> Iterator[Mapping[str, Any]]:
        if rule is next(iter(subject.rules.values())):
            yield from made(subject, rule)

    return arguments


def beside_other(given: Mapping[str, Any]) -> Arguments:
    """Return the arguments with other settings of a rule beside them, for every variant."""

    def arguments(subject: WorkerSubject, rule: UpdateRule) -> Iterator[Mapping[str, Any]]:
        yield {**given, "other": grouped(subject, settings.other(subject, rule))}

    return arguments
