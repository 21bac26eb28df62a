"""What code is written for: a program under a profile, with the branches that its scalars choose."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import sympy as sp

from reference.expression import Comparison, Node
from reference.formats import Format
from reference.intervals.enclosure import CompiledForm, Program
from reference.profile import Profile
from spec.rule import State
from spec.symbols import g


@dataclass(frozen=True)
class Task:
    """What a source is written for: a program under a profile, and which inputs are known values."""

    program: Program
    profile: Profile
    storage: Format
    state_formats: Mapping[str, Format]
    points: frozenset[str]
    given: Mapping[str, float]
    """Scalars that decide which branches are taken; the values themselves enter each call."""

    @property
    def key(self) -> tuple[object, ...]:
        """What tells the task from others in this process."""
        profile = self.profile
        kinds = (profile.intermediate, profile.scalar, profile.coefficient, profile.bound)
        formats = tuple(sorted((name, kept.name) for name, kept in self.state_formats.items()))
        taken = tuple(holds(condition, self.given) for condition in switches(self.program))
        units = tuple(sorted(profile.units.items()))
        marks = (profile.contraction, profile.flush, profile.single, profile.loose)
        return (self.program, kinds, marks, units, self.storage.name, formats, self.points, taken)

    @property
    def compilable(self) -> bool:
        """Whether there may be code: elements do not count for each other, and every scalar is a number."""
        given = not (self.profile.single or self.profile.loose)
        return self.program.rule.elementwise and given and not self.program.formats

    @property
    def inputs(self) -> tuple[str, ...]:
        """The tensors before the step, by symbol, in the order of a call."""
        names = [q.symbol.name for q in self.program.rule.quantities if not q.scalar]
        return (*names, g.name)

    @property
    def numbers(self) -> tuple[State, ...]:
        """The states that are one number for a tensor."""
        return tuple(state for state in self.program.rule.states if state.scalar)

    @property
    def scalars(self) -> tuple[str, ...]:
        """The names of the numbers given, in the order of a call."""
        kept = {state.symbol.name for state in self.numbers}
        return tuple(sorted(name for name in self.given if name not in kept))


def holds(condition: Callable[..., float], given: Mapping[str, float]) -> bool | None:
    """Tell whether a condition holds, or None where it has no value."""
    try:
        return bool(condition(**given))
    except ArithmeticError:
        return None


@functools.lru_cache(maxsize=4096)
def nodes(program: Program) -> tuple[Node, ...]:
    """Return every node of a program, each once."""
    found: dict[Node, None] = {}
    trees = [*program.scalar_lines.values(), *program.state_lines.values(), *program.written.values()]
    trees += [form.tree for forms in program.lines.values() for form in forms]
    while trees:
        node = trees.pop()
        if node not in found:
            found[node] = None
            trees += node.operands
            for condition in node.conditions:
                if isinstance(condition, Comparison):
                    trees += [condition.left, condition.right]
    return tuple(found)


@functools.lru_cache(maxsize=4096)
def exponents(program: Program) -> tuple[Node, ...]:
    """Return the powers whose exponents are scalars."""
    return tuple(node for node in nodes(program) if node.exponent_of is not None)


@functools.lru_cache(maxsize=4096)
def switches(program: Program) -> tuple[Callable[..., float], ...]:
    """Return the conditions on scalars that choose branches."""
    found = (c for node in nodes(program) for c in node.conditions if not isinstance(c, Comparison))
    return tuple(dict.fromkeys(found))


@functools.lru_cache(maxsize=4096)
def optional_forms(program: Program) -> tuple[CompiledForm, ...]:
    """Return the forms that are used for some scalars alone."""
    return tuple(form for forms in program.lines.values() for form in forms if form.when != sp.true)


@functools.lru_cache(maxsize=4096)
def optional_lines(program: Program) -> tuple[list[int], ...]:
    """Return for each line of which no form is always legal the places of its forms among the optional ones."""
    places = {form: place for place, form in enumerate(optional_forms(program))}
    lines = (forms for forms in program.lines.values() if all(form in places for form in forms))
    return tuple([places[form] for form in forms] for forms in lines)
