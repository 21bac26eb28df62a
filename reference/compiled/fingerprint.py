"""What compiled code of a task depends on, as a short text: by it the code is found again."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
from pathlib import Path

import sympy as sp

import reference
from reference.compiled.task import Task, holds, nodes
from reference.expression import Comparison, Node


@functools.cache
def _own_code() -> bytes:
    """Return a hash of every module that a source is written by or that says what it must compute."""
    folder = Path(reference.__file__).parent
    files = [path for part in (folder, folder / "intervals", folder / "compiled") for path in part.glob("*")]
    texts = (path.read_bytes() for path in sorted(files) if path.suffix in {".py", ".c", ".h"})
    return hashlib.sha256(b"\0".join(texts)).digest()


def fingerprint(task: Task) -> str:
    """Return what tells the source of a task from that of every other."""
    program = task.program
    places = {node: place for place, node in enumerate(nodes(program))}

    def told(node: Node) -> tuple[object, ...]:
        conditions = tuple(
            (c.relation, places[c.left], places[c.right]) if isinstance(c, Comparison) else holds(c, task.given)
            for c in node.conditions
        )
        return (
            node.kind,
            tuple(places[operand] for operand in node.operands),
            (node.scalar, tuple(sorted(node.repeated)), node.name, float(node.value).hex(), node.exponent),
            (node.negative, node.divisor, conditions, node.exponent_of is not None),
        )

    lines = (program.scalar_lines, program.state_lines, program.written)
    parts = (
        tuple(told(node) for node in places),
        tuple(tuple((name, places[tree]) for name, tree in mapping.items()) for mapping in lines),
        tuple(
            (name, tuple((places[form.tree], form.when == sp.true) for form in forms))
            for name, forms in program.lines.items()
        ),
        tuple((q.symbol.name, q.updated.name, q.scalar, q.symbol.is_nonnegative) for q in program.rule.quantities),
        tuple((name, kept.name) for name, kept in program.formats.items()),
        tuple(
            (item.name, sorted(value.items()) if isinstance(value := getattr(task.profile, item.name), dict) else value)
            for item in dataclasses.fields(task.profile)
            if item.name not in {"forms", "derived", "single", "loose", "rule"}
        ),
        (task.storage.name, tuple((name, kept.name) for name, kept in sorted(task.state_formats.items()))),
        (tuple(sorted(task.points)), task.scalars, tuple(state.symbol.name for state in task.numbers)),
    )
    return hashlib.sha256(_own_code() + repr(parts).encode()).hexdigest()
