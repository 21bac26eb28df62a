"""Clauses about elements, each of which has a history of its own."""

from __future__ import annotations

from conformance.contract.arguments import each, once
from conformance.contract.clause import Clause
from conformance.contract.requirements import (
    all_of,
    needs_complex_parameters,
    needs_independent_elements,
    needs_tensors_of_rank,
)

TITLE = "Elements"

ELEMENTWISE = "the rule's own citation: its formula is stated for one element"
SIZES = ([*range(1, 18), 31, 33, 63, 64, 65, 127, 255, 256, 257, 1021, 1023, 1024, 1025], [65535, 65536, 65537, 131073])


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
        "elements/complex",
        "A complex parameter moves as its real and imaginary parts would.",
        "torch, view_as_real: torch.optim treats a complex number as two real ones",
        "elements.complex_numbers",
        each({"steps": 2}),
        needs=all_of(needs_tensors_of_rank(1), needs_tensors_of_rank(2), needs_complex_parameters),
    ),
)
