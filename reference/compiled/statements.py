"""Definitions in C, one after the other."""

from __future__ import annotations

from dataclasses import dataclass, field

SCALAR = "s"
"""The prefix of operations on numbers for a whole tensor, in the wide type of float64."""


class NotCompiled(Exception):  # noqa: N818
    """A program has a part for which no code is written: it is walked."""


def literal(value: float) -> str:
    """Return a number in C, exactly."""
    if value in {float("inf"), -float("inf")}:
        return "INFINITY" if value > 0 else "-INFINITY"
    return value.hex()


@dataclass
class Statements:
    """The definitions of one block of code; what was computed once is not computed again.

    ``guards`` are conditions on which code for bounded intervals relies: where one fails, the general code is run.
    """

    letter: str = "v"
    definitions: list[tuple[str, str, str]] = field(default_factory=list)
    known: dict[str, str] = field(default_factory=dict)
    guards: dict[str, None] = field(default_factory=dict)

    def bind(self, type_: str, expression: str) -> str:
        """Return the name of a value."""
        if expression not in self.known:
            name = self.known[expression] = f"{self.letter}{len(self.known)}"
            self.definitions.append((type_, name, expression))
        return self.known[expression]

    @property
    def lines(self) -> list[str]:
        """The definitions, for a block of code."""
        return [f"const {type_} {name} = {expression};" for type_, name, expression in self.definitions]

    @property
    def declarations(self) -> list[str]:
        """The same values as variables of the whole file."""
        return [f"static {type_} {name};" for type_, name, _ in self.definitions]

    @property
    def assignments(self) -> list[str]:
        """What gives these variables their values."""
        return [f"{name} = {expression};" for _, name, expression in self.definitions]

    def rely(self, condition: str) -> None:
        """Rely on a condition."""
        self.guards[condition] = None
