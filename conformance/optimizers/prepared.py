"""A case expanded: the arrays of its tensors before and during the steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from conformance.optimizers.cases import Case
from conformance.optimizers.tensor_values import expand
from reference.formats import Array, Format
from spec.rule import UpdateRule


@dataclass(frozen=True)
class Prepared:
    """One tensor of a case, expanded: its group, and the arrays before and during the steps."""

    group: int
    shape: tuple[int, ...]
    count: int
    values: Mapping[str, Array]
    gradients: tuple[Array, ...]


def prepare(case: Case, rule: UpdateRule, storage: Format) -> tuple[Prepared, ...]:
    """Expand every tensor of a case."""
    prepared = []
    for index, group in enumerate(case.groups):
        for tensor in group.tensors:
            values, gradients = expand(tensor, rule, storage, group.hyperparameters, case.steps)
            prepared.append(Prepared(index, tensor.shape, tensor.count, values, tuple(gradients)))
    return tuple(prepared)
