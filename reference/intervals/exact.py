"""One step of a rule computed exactly, but for the rounding of the wide type.

A line that is computed in a format of its own is rounded to it, as is what enters it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

import numpy as np

from reference.formats import FLOAT64, Array, Format
from reference.intervals.arithmetic import ExactArithmetic
from reference.intervals.enclosure import Program, program
from reference.intervals.evaluation import Scalars, Tensors
from reference.profile import compute_format
from spec.first_rate import with_first_rate
from spec.rule import State, UpdateRule


def scalar_line(rule: UpdateRule, name: str, scalars: Mapping[str, float]) -> float:
    """Return a line of scalars alone, computed in the wide type of float64."""
    compiled = program(rule, frozenset())
    wide = Scalars(
        ExactArithmetic(FLOAT64),
        with_first_rate(rule, scalars),
        lambda value: np.asarray(value, FLOAT64.work),
        lambda value: value,
        compiled.scalar_lines,
    )
    return float(wide.symbol(name))


def exact_step(
    program: Program,
    storage: Format,
    scalars: Mapping[str, float],
    tensors: Mapping[str, Array],
    state_formats: Mapping[str, Format] | None = None,
    lines: dict[str, Array] | None = None,
) -> dict[str, Array]:
    """Return each quantity after the step, by symbol, in the wide type of ``storage``.

    ``state_formats`` names the states kept in another format than the parameter.  ``lines`` holds
    lines of tensors that are known already, by symbol; those that are computed are added to it.
    """
    work = storage.work
    known = {} if lines is None else lines
    known |= {name: value.astype(work) for name, value in tensors.items()}
    wide = Scalars(
        ExactArithmetic(FLOAT64),
        with_first_rate(program.rule, scalars),
        lambda value: np.asarray(value, FLOAT64.work),
        lambda value: value.astype(work),
        program.scalar_lines,
    )

    for state in program.rule.states:
        if state.scalar:
            kept = (state_formats or {}).get(state.symbol.name, storage)
            wide.define(state.updated.name, _number(program, state, kept, wide))

    def line(name: str) -> Array:
        if name not in known:
            kept = program.formats.get(name)
            tensors = values if kept is None else Tensors(wide, entering(kept), ExactArithmetic(storage))
            value = tensors.operand(program.written[name])
            known[name] = value if kept is None else rounded(kept, value)
        return known[name]

    def rounded(kept: Format, value: Array) -> Array:
        return kept.nearest(value.astype(kept.work)).astype(work)

    def entering(kept: Format) -> Callable[[str], Array]:
        return lambda name: rounded(kept, line(name))

    values = Tensors(wide, line, ExactArithmetic(storage))
    scalar = {q.symbol.name: wide.symbol(q.updated.name) for q in program.rule.states if q.scalar}
    tensor = (q for q in program.rule.quantities if not q.scalar)
    return {q.symbol.name: line(q.updated.name) for q in tensor} | scalar


def _number(program: Program, state: State, kept: Format, wide: Scalars[Array]) -> Array:
    """Return a state that is one number for a tensor, from scalars cast to the format it is kept in."""
    cast = compute_format(kept)
    inner = dataclasses.replace(wide, cast=lambda value: cast.nearest(value.astype(cast.work)))
    tensors = Tensors(inner, lambda name: wide.symbol(name).astype(kept.work), ExactArithmetic(kept))
    value = np.asarray(tensors.operand(program.state_lines[state.updated.name]))
    return kept.nearest(value.astype(kept.work)).astype(FLOAT64.work)
