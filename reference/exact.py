"""One step of a rule computed exactly, but for the rounding of the wide type."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from reference.arithmetic import ExactArithmetic
from reference.enclosure import Program, program
from reference.evaluation import Scalars, Tensors
from reference.formats import FLOAT64, Array, Format
from spec.rule import UpdateRule


def scalar_line(rule: UpdateRule, name: str, scalars: Mapping[str, float]) -> float:
    """Return a line of scalars alone, computed in the wide type of float64."""
    compiled = program(rule, frozenset())
    wide = Scalars(
        ExactArithmetic(FLOAT64), scalars, lambda value: np.asarray(value, FLOAT64.work),
        lambda value: value, compiled.scalar_lines,
    )  # fmt: skip
    return float(wide.symbol(name))


def exact_step(
    program: Program, storage: Format, scalars: Mapping[str, float], tensors: Mapping[str, Array]
) -> dict[str, Array]:
    """Return each quantity after the step, by symbol, in the wide type of ``storage``."""
    work = storage.work
    known = {name: value.astype(work) for name, value in tensors.items()}
    wide = Scalars(
        ExactArithmetic(FLOAT64),
        scalars,
        lambda value: np.asarray(value, FLOAT64.work),
        lambda value: value.astype(work),
        program.scalar_lines,
    )

    for name, node in program.state_lines.items():
        wide.define(name, wide.value(node))

    def line(name: str) -> Array:
        if name not in known:
            known[name] = values.operand(program.written[name])
        return known[name]

    values = Tensors(wide, line, ExactArithmetic(storage))
    scalar = {q.symbol.name: wide.symbol(q.updated.name) for q in program.rule.states if q.scalar}
    tensor = (q for q in program.rule.quantities if not q.scalar)
    return {q.symbol.name: line(q.updated.name) for q in tensor} | scalar
