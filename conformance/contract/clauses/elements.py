"""Clauses about elements, each of which has a history of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import sympy as sp

from conformance.contract.arguments import each, of_first_variant, once
from conformance.contract.clause import Clause
from conformance.contract.requirements import (
    all_of,
    needs_complex_parameters,
    needs_float32,
    needs_independent_elements,
    needs_matrix_products,
    needs_tensors_of_rank,
    promises_complex_numbers,
)
from conformance.engine.verdict import Level
from conformance.optimizers.rule_variants import rules_by_switches
from conformance.optimizers.subject import WorkerSubject
from conformance.recognition.domain import SHAPES
from impls.devices import FLOATS
from impls.failures import REFUSALS
from spec.rule import UpdateRule
from spec.symbols import g

TITLE = "Elements"

ELEMENTWISE = "the rule's own citation: its formula is stated for one element"
SIZES = ([*range(1, 18), 31, 33, 63, 64, 65, 127, 255, 256, 257, 1021, 1023, 1024, 1025], [65535, 65536, 65537, 131073])


def _taken(subject: WorkerSubject, rule: UpdateRule) -> Iterator[Mapping[str, Any]]:
    """Yield the formats, and the shapes that the rule's own tensors have."""
    item = subject.implementation
    whole = rule if item.declared else next(iter(rules_by_switches(item).values()))
    least, most = item.told.get("ranks") or whole.ranks
    dtypes = subject.path.dtypes if item.declared else FLOATS
    shapes = [list(shape) for shape in SHAPES if max(least, item.gradient != "dense") <= len(shape) <= most]
    yield {"formats": list(dtypes), "any": shapes, "refusals": sorted(REFUSALS)}


def _chooses(expression: sp.Expr, by: set[sp.Basic]) -> bool:
    """Tell whether an expression is one of several by what a tensor holds, or has only its sign."""
    bounded = (node.free_symbols for node in expression.atoms(sp.sign, sp.Max, sp.Min))
    cases = (case for node in expression.atoms(sp.Piecewise) for case in node.args)
    return any(found & by for found in (*bounded, *(when.free_symbols for _, when in cases)))


def _spoilt(_subject: WorkerSubject, rule: UpdateRule) -> Iterator[Mapping[str, Any]]:
    """Yield the gradients of which a formula that chooses nothing by them makes no finite number."""
    tensors = {g, rule.parameter.symbol, *(state.symbol for state in rule.states if not state.scalar)}
    of_gradient = {g}
    for line in rule.program:
        if _chooses(line.expression, tensors):
            return
        for known in (tensors, of_gradient):
            if line.expression.free_symbols & known:
                known.add(line.target)
    if rule.parameter.updated in of_gradient:
        yield {"bad": ["nan", "inf", "-inf"], "made": 0}
        yield {"bad": ["nan", "inf", "-inf"], "made": 2}


def _needs_no_choice(subject: WorkerSubject) -> str:
    found = any(True for rule in subject.rules.values() for _ in _spoilt(subject, rule))
    return "" if found else "its formula chooses by the gradient"


CLAUSES = (
    Clause(
        "elements/own-history",
        "A NaN, an infinity or a huge value in one element's gradient stays with that element.",
        ELEMENTWISE,
        "elements.own_history",
        each({"shapes": [[65], [3, 4]], "bad": ["nan", "inf", "-inf", "largest"], "steps": 2}),
        needs=needs_independent_elements,
    ),
    Clause(
        "elements/not-finite",
        "A NaN or an infinity in one element's gradient shows in that element: it is not replaced.",
        ELEMENTWISE,
        "elements.not_finite",
        _spoilt,
        needs=all_of(needs_independent_elements, _needs_no_choice),
    ),
    Clause(
        "elements/order",
        "The order of the elements in a tensor changes no element's result.",
        ELEMENTWISE,
        "elements.permuted",
        each({"size": 67, "steps": 2}),
        needs=needs_independent_elements,
    ),
    Clause(
        "elements/sizes",
        "Elements do the same in one tensor and in tensors of any size: around vectors, chunks and primes.",
        ELEMENTWISE,
        "elements.divided",
        each({"sizes": SIZES[0], "steps": 1}, {"sizes": SIZES[1], "steps": 1}),
        needs=needs_independent_elements,
    ),
    Clause(
        "elements/many-tensors",
        "The number of tensors, from 1 to 400, changes no element's result.",
        ELEMENTWISE,
        "elements.divided",
        once({"sizes": [3] * 2, "steps": 1}, {"sizes": [3] * 57, "steps": 1}, {"sizes": [3] * 400, "steps": 1}),
        needs=needs_independent_elements,
    ),
    Clause(
        "elements/shapes",
        "A 0-d, an empty and a many-dimensional tensor do what the flat one does.",
        ELEMENTWISE,
        "elements.shaped",
        each({"shapes": [[], [0], [3, 0], [1], [1, 1, 1], [7, 5], [2, 3, 2, 3, 2]], "steps": 2}),
        needs=needs_independent_elements,
    ),
    Clause(
        "elements/every-parameter",
        "A parameter of every format and of any number of dimensions makes a step.",
        "torch, torch.optim: an iterable of parameters, of whatever shape and floating format",
        "elements.taken",
        of_first_variant(_taken),
        needs=needs_float32,
        level=Level.SHOULD,
    ),
    Clause(
        "elements/flattened",
        "Where the rule multiplies matrices, a tensor of more dimensions steps as matrices made of it, or is refused.",
        "Jordan et al. 2024: the last dimensions of a convolution are flattened to one",
        "elements.flattened",
        each({"shapes": [[4, 6, 2], [24, 2, 3, 2]], "refusals": sorted(REFUSALS)}),
        needs=needs_matrix_products,
    ),
    Clause(
        "elements/complex",
        "A complex parameter moves as its real and imaginary parts would.",
        "torch, view_as_real: torch.optim treats a complex number as two real ones",
        "elements.complex_numbers",
        each({"steps": 2}),
        needs=all_of(needs_tensors_of_rank(1), needs_tensors_of_rank(2), needs_complex_parameters),
        promised=promises_complex_numbers,
    ),
)
