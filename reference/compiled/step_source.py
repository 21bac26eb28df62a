"""The C source of one step: what ``StepEnclosure`` walks, written out once."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from importlib import resources

from reference.compiled.exact_lines import ExactLines
from reference.compiled.loops import Loops
from reference.compiled.numbers import Numbers
from reference.compiled.statements import NotCompiled
from reference.compiled.task import Task

BLOCK = 128
"""Elements that one loop takes: what the loops of a step hand on stays in the processor's nearest cache."""


@functools.cache
def resource(name: str) -> str:
    """Return the text of a file beside this one."""
    return resources.files(__package__).joinpath(name).read_text()


def operations() -> str:
    """Return the source of the operations on intervals, in both working types and for numbers."""
    return resource("common.h") + resource("types.h").replace("/*OPERATIONS*/", resource("operations.h"))


def source(task: Task) -> str:
    """Return the source of a task; raises ``NotCompiled`` for a program that is walked."""
    if not task.compilable:
        raise NotCompiled(task.program.rule.label)
    numbers = Numbers(task)
    bounded, general = (Loops(numbers, bounded=bounded) for bounded in (True, False))
    exact = ExactLines(numbers)
    quantities = task.program.rule.quantities
    places = ", ".join(str(int(not quantity.scalar)) for quantity in quantities)
    results = [
        f"numbers[{place}] = {numbers.kept[quantity.updated.name].name};"
        for place, quantity in enumerate(quantities)
        if quantity.scalar
    ]
    texts = [
        operations(),
        f"typedef {numbers.real} real;",
        f"enum {{ BLOCK = {BLOCK}, BUFFERS = {max(1, general.buffers)} }};",
        f"enum {{ QUANTITIES = {len(quantities)}, TENSORS = {len(task.inputs)} }};",
        f"static const char is_tensor[QUANTITIES] = {{{places}}};",
    ]
    frame = resource("step.c")
    for mark, lines in {
        "/*VARIABLES*/": [
            *numbers.statements.declarations,
            *exact.before.declarations,
            *_variables(task, numbers.real),
        ],
        "/*FUNCTIONS*/": [*bounded.functions, *general.functions],
        "/*EXACT*/": exact.loop.lines + exact.stores,
        "/*NUMBERS*/": [*numbers.statements.assignments, *exact.before.assignments, *results],
        "/*RELIED*/": [f"&& ({guard})" for guard in numbers.statements.guards],
        "/*POINTERS*/": list(_pointers(task, numbers.real)),
        "/*BOUNDED*/": bounded.text,
        "/*GENERAL*/": general.text,
    }.items():
        frame = frame.replace(mark, "\n".join(lines))
    return "\n".join([*texts, frame])


def _variables(task: Task, real: str) -> Iterator[str]:
    """Yield the ends and flags of tensors that are uncertain."""
    for place, name in enumerate(task.inputs):
        if name in task.points:
            yield f"#define in{4 * place} read[{place}]"
            continue
        for part in range(4 * place, 4 * place + 4):
            yield f"static const {real if part < 4 * place + 2 else 'flag'} *in{part};"


def _pointers(task: Task, real: str) -> Iterator[str]:
    """Yield where the loops find the tensors of a block: known values are read into the working type."""
    for place, name in enumerate(task.inputs):
        first = 4 * place
        if name in task.points:
            yield f"widen(n, start, in[{first}], stored[{place}], read[{place}]);"
            continue
        for part in range(first, first + 4):
            type_ = real if part < first + 2 else "flag"
            yield f"in{part} = (const {type_} *)in[{part}] + start;"
