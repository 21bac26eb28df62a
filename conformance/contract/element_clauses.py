"""Clauses about elements and gradients."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from conformance.contract.arguments import each, once
from conformance.contract.clause import Clause
from conformance.contract.needs import complex_parameters, dense, elementwise, every, rank, shown
from conformance.subject import WorkerSubject
from spec.rule import UpdateRule

ELEMENTWISE = "the rule's own citation: its formula is stated for one element"
LAYOUT = "torch: a tensor's strides say where its elements lie, not what they are"
AUTOGRAD = "torch: `.grad` belongs to autograd and to the user, who may read or reuse it after the step"
ABSENT = "torch, Optimizer.zero_grad: with a gradient of None the step is skipped altogether"
SIZES = (
    [*range(1, 18), 31, 33, 63, 64, 65, 127, 255, 256, 257, 1021, 1023, 1024, 1025],
    [65535, 65536, 65537, 131073],
)


STRIDES = dense("it takes sparse gradients alone, which have no strides")


def _rows(subject: WorkerSubject, _: UpdateRule) -> Iterator[Mapping[str, Any]]:
    # A row given twice is added twice, which the half formats round twice.
    twice = [[1, 4, 1]] if subject.storage.name in {"float32", "float64"} else []
    yield {"rows": [[1, 4], [0], *twice], "steps": 2}


def _layout(name: str, sentence: str, shape: list[int], parameter: str, gradient: str) -> Clause:
    arguments: Mapping[str, Any] = {
        "shape": shape,
        "parameter": parameter,
        "gradient": gradient,
        "steps": 2,
    }
    needs = every(rank(len(shape)), shown)
    if name.startswith("gradient"):
        needs = every(STRIDES, needs)
    return Clause(f"layout/{name}", sentence, LAYOUT, "elements.laid_out", each(arguments), needs=needs)


ELEMENTS = (
    Clause(
        "elements/own-history",
        "A NaN, an infinity or a huge value in one element's gradient stays with that element.",
        ELEMENTWISE,
        "elements.own_history",
        each({"shapes": [[65], [3, 4]], "bad": ["nan", "inf", "-inf", "largest"], "steps": 2}),
        needs=elementwise,
    ),
    Clause(
        "elements/order",
        "The order of the elements in a tensor changes no element's result.",
        ELEMENTWISE,
        "elements.permuted",
        each({"size": 67, "steps": 2}),
        needs=elementwise,
    ),
    Clause(
        "elements/sizes",
        "Elements do the same in one tensor and in tensors of any size: around vectors, chunks and primes.",
        ELEMENTWISE,
        "elements.divided",
        each({"sizes": SIZES[0], "steps": 1}, {"sizes": SIZES[1], "steps": 1}),
        needs=elementwise,
    ),
    Clause(
        "elements/many-tensors",
        "The number of tensors, from 1 to 400, changes no element's result.",
        ELEMENTWISE,
        "elements.divided",
        once(
            {"sizes": [3] * 2, "steps": 1}, {"sizes": [3] * 57, "steps": 1}, {"sizes": [3] * 400, "steps": 1}
        ),
        needs=elementwise,
    ),
    Clause(
        "elements/shapes",
        "A 0-d, an empty and a many-dimensional tensor do what the flat one does.",
        ELEMENTWISE,
        "elements.shaped",
        each({"shapes": [[], [0], [3, 0], [1], [1, 1, 1], [7, 5], [2, 3, 2, 3, 2]], "steps": 2}),
        needs=elementwise,
    ),
    Clause(
        "elements/complex",
        "A complex parameter moves as its real and imaginary parts would.",
        "torch, view_as_real: torch.optim treats a complex number as two real ones",
        "elements.complex_numbers",
        each({"steps": 2}),
        needs=every(rank(1), rank(2), complex_parameters),
    ),
)
LAYOUTS = (
    _layout(
        "transposed", "A transposed parameter with a transposed gradient does what the contiguous one does.",
        [6, 11], "transposed", "transposed",
    ),
    _layout(
        "channels-last", "A channels-last parameter with such a gradient does what the contiguous one does.",
        [2, 3, 4, 5], "channels last", "channels last",
    ),
    _layout(
        "strided-parameter", "A parameter that is a strided view does what the contiguous one does.",
        [33], "strided", "contiguous",
    ),
    _layout(
        "storage-offset", "A parameter that begins inside its storage does what any other does.",
        [33], "offset", "contiguous",
    ),
    _layout(
        "gradient-transposed", "A transposed gradient of a contiguous parameter is read by its strides.",
        [6, 11], "contiguous", "transposed",
    ),
    _layout(
        "gradient-channels-last", "A channels-last gradient of a contiguous parameter is read by strides.",
        [2, 3, 4, 5], "contiguous", "channels last",
    ),
    _layout(
        "gradient-strided", "A gradient that is a strided view is read by its strides.",
        [33], "contiguous", "strided",
    ),
    _layout(
        "gradient-offset", "A gradient that begins inside its storage is read from there.",
        [33], "contiguous", "offset",
    ),
    _layout(
        "gradient-expanded", "An expanded gradient, one row for all, is read by its strides.",
        [6, 11], "contiguous", "expanded",
    ),
    _layout(
        "gradient-contiguous", "A contiguous gradient of a transposed parameter is read by its strides.",
        [6, 11], "transposed", "contiguous",
    ),
)  # fmt: skip
GRADIENTS = (
    Clause(
        "gradients/not-modified",
        "A step leaves every gradient as it found it.",
        AUTOGRAD,
        "gradients.not_modified",
        each({"steps": 2}),
        switched_off=True,
    ),
    Clause(
        "gradients/not-kept",
        "A gradient is not needed after the step, and no state shares its memory.",
        AUTOGRAD,
        "gradients.not_kept",
        each({"steps": 3}),
        switched_off=True,
    ),
    Clause(
        "gradients/none",
        "A parameter whose gradient is None keeps its value and its state.",
        ABSENT,
        "gradients.absent",
        each({"made": [0, 2], "left out": [[0], [1], [0, 1]]}),
        switched_off=True,
    ),
    Clause(
        "gradients/late",
        "A parameter whose first gradient comes late starts its own state then.",
        "torch: the state belongs to each parameter",
        "gradients.late",
        each({"steps": 4}),
        switched_off=True,
    ),
    Clause(
        "gradients/zero",
        "A gradient of zeros is a gradient: momentum and decay act.",
        "torch, Optimizer.zero_grad: optimizers behave differently if the gradient is 0 or None",
        "gradients.zero",
        each({"made": 2}),
        needs=elementwise,
        switched_off=True,
    ),
    Clause(
        "gradients/sparse",
        "A sparse gradient gives the dense one's result, or an error that says sparse.",
        "torch, torch.sparse: optimizers that take sparse gradients are named",
        "gradients.sparse",
        _rows,
        needs=shown,
        switched_off=True,
    ),
    Clause(
        "gradients/other-dtype",
        "A gradient of another dtype gives its conversion's result, or an error.",
        "torch, Tensor.grad_dtype: a gradient may have a dtype of its own",
        "gradients.other_dtype",
        once({"dtypes": ["float64", "float32", "bfloat16", "float16"], "steps": 2}),
        needs=shown,
    ),
    Clause(
        "gradients/other-device",
        "A gradient on another device is refused.",
        "torch, Tensor.grad: a gradient lies where its tensor does",
        "gradients.other_device",
        once({}),
    ),
)
CLAUSES = (*ELEMENTS, *LAYOUTS, *GRADIENTS)
