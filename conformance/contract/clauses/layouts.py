"""Clauses about memory: where elements lie plays no part."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from conformance.contract.arguments import each
from conformance.contract.clause import Clause
from conformance.contract.requirements import all_of, needs_dense_gradients, needs_tensors_of_rank, needs_visible_state

TITLE = "Memory layout"
LAYOUT = "torch: a tensor's strides say where its elements lie, not what they are"


STRIDES = needs_dense_gradients("it takes sparse gradients alone, which have no strides")


def _layout(name: str, sentence: str, shape: list[int], parameter: str, gradient: str) -> Clause:
    arguments: Mapping[str, Any] = {"shape": shape, "parameter": parameter, "gradient": gradient, "steps": 2}
    needs = all_of(needs_tensors_of_rank(len(shape)), needs_visible_state)
    if name.startswith("gradient"):
        needs = all_of(STRIDES, needs)
    return Clause(f"layout/{name}", sentence, LAYOUT, "layouts.laid_out", each(arguments), needs=needs)


CLAUSES = (
    _layout(
        "transposed",
        "A transposed parameter with a transposed gradient does what the contiguous one does.",
        [6, 11],
        "transposed",
        "transposed",
    ),
    _layout(
        "channels-last",
        "A channels-last parameter with such a gradient does what the contiguous one does.",
        [2, 3, 4, 5],
        "channels last",
        "channels last",
    ),
    _layout(
        "strided-parameter",
        "A parameter that is a strided view does what the contiguous one does.",
        [33],
        "strided",
        "contiguous",
    ),
    _layout(
        "storage-offset",
        "A parameter that begins inside its storage does what any other does.",
        [33],
        "offset",
        "contiguous",
    ),
    _layout(
        "gradient-transposed",
        "A transposed gradient of a contiguous parameter is read by its strides.",
        [6, 11],
        "contiguous",
        "transposed",
    ),
    _layout(
        "gradient-channels-last",
        "A channels-last gradient of a contiguous parameter is read by strides.",
        [2, 3, 4, 5],
        "contiguous",
        "channels last",
    ),
    _layout(
        "gradient-strided", "A gradient that is a strided view is read by its strides.", [33], "contiguous", "strided"
    ),
    _layout(
        "gradient-offset", "A gradient that begins inside its storage is read from there.", [33], "contiguous", "offset"
    ),
    _layout(
        "gradient-expanded",
        "An expanded gradient, one row for all, is read by its strides.",
        [6, 11],
        "contiguous",
        "expanded",
    ),
    _layout(
        "gradient-contiguous",
        "A contiguous gradient of a transposed parameter is read by its strides.",
        [6, 11],
        "transposed",
        "contiguous",
    ),
)
