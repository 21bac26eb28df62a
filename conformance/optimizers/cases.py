"""A case: the hyperparameters of each group and the tensors of one example, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from spec import rules as book
from spec.first_rate import first_rate
from spec.rule import UpdateRule
from spec.symbols import first_lr, lr


@dataclass(frozen=True)
class TensorCase:
    """One parameter tensor: its shape, how many steps it has made, and its elements.

    The elements are expanded from ``seed`` in a ``regime``, or stand in ``values`` by the name of
    their symbol (a reduced case).
    """

    shape: tuple[int, ...]
    count: int
    seed: int = 0
    regime: str = "ordinary"
    values: Mapping[str, tuple[float, ...]] | None = None

    @property
    def elements(self) -> int:
        """The number of elements."""
        size = 1
        for length in self.shape:
            size *= length
        return size


@dataclass(frozen=True)
class GroupCase:
    """One param group: its hyperparameters by the name of their symbol, and its tensors."""

    hyperparameters: Mapping[str, float]
    tensors: tuple[TensorCase, ...]


@dataclass(frozen=True)
class Case:
    """One example: constructor switches that are on, the groups, and for how many steps."""

    switches: tuple[str, ...]
    groups: tuple[GroupCase, ...]
    steps: int = 1
    changes: tuple[Mapping[str, float], ...] = ()

    def scalars(self, rule: UpdateRule, group: int, step: int = 0) -> dict[str, float]:
        """Return the settings of a group at a step, by symbol; of a family that asks for it, with the first rate."""
        given = self.groups[group].hyperparameters
        changes = self.changes[: step + 1]
        found = {name: value for part in (given, *changes) for name, value in part.items()}
        if book.family(rule.name).of_first_rate:
            found[first_lr.name] = first_rate(part[lr.name] for part in (given, *changes) if lr.name in part)
        return found

    @property
    def elements(self) -> int:
        """The number of elements of all tensors."""
        return sum(tensor.elements for group in self.groups for tensor in group.tensors)
