"""The standalone script of a finding in training: steps from a recorded state, or the course, with torch alone."""

from __future__ import annotations

import ast
import base64
import textwrap
import zlib
from importlib.resources import files

import numpy as np

from conformance.engine.script_builder import (
    Body,
    as_written,
    assembled,
    comment,
    compared,
    keywords,
    literal,
    loop,
    raising,
    target,
)
from conformance.engine.script_source import Source, source
from conformance.optimizers import formula_lines
from conformance.optimizers.script import script as script_of_steps
from conformance.optimizers.script_torch import WORKER
from conformance.optimizers.subject import WorkerSubject
from conformance.training.again import raises, smallest, steps_of
from conformance.training.cases import TrainingFailure
from conformance.training.problems import PROBLEMS
from conformance.training.runs import constructor
from reference.formats import Array

LITERAL = 128
"""So many numbers stand in a script as they are; more are packed."""
UNPACKED = """
def unpacked(text, *shape):
    \"\"\"Numbers as they lie in memory, compressed and in base64.\"\"\"
    return torch.frombuffer(bytearray(zlib.decompress(base64.b64decode(text))), dtype=dtype).reshape(shape)
"""
NOT_SEEN = "This was seen once, and not when it was tried again."


def script(subject: WorkerSubject, failure: TrainingFailure) -> str:
    """Return the script of the smallest steps that show a value again, or of the course up to it.

    Where nothing showed it again the script says so.
    """
    title = f"{subject.implementation.identifier}, {subject.path.name}: {failure.quantity}, {failure.case.problem}."
    if failure.said:
        body = _course(subject, failure)
        seen, lines = raises(subject, failure), raising(body.lines, failure.said)
    else:
        again = smallest(subject, failure)
        if again.steps is not None:
            return script_of_steps(subject, again.steps)
        seen, body = again.seen, _course(subject, failure)
        formula = comment(formula_lines.line_of(subject.rules[()], failure.quantity)[1])
        lines = [*body.lines, "", *formula, *compared(failure.quantity, body.value, failure.seen.legal)]
    return assembled(title if seen else f"{title} {NOT_SEEN}", lines, body.targets, body.functions, body.held)


def _course(subject: WorkerSubject, failure: TrainingFailure) -> Body:
    """Return the lines that train up to a failure."""
    item, problem = subject.implementation, PROBLEMS[failure.case.problem]()
    held = _held(subject, problem.name)
    called = target(item.target, {node.name for node in ast.parse(held.text).body if hasattr(node, "name")})
    targets = [] if item.target.startswith(WORKER) else [called]
    made = called.name if targets else called.attribute
    made = f"wrapped({made}, {literal(item.calling)})" if item.calling else made
    features, labels, *parameters = problem.arrays(subject.storage)
    names = ", ".join(f"p{number}" for number in range(len(parameters)))
    known = {h.symbol.name for h in subject.rules[()].hyperparameters}
    settings = constructor(subject, {name: value for name, value in failure.case.settings.items() if name in known})
    step = [
        "optimizer.zero_grad()",
        f"{problem.name}([{names}], features, labels).backward()",
        f"step_of(optimizer, [{names}])()" if item.closure else "optimizer.step()",
    ]
    lines = [
        *as_written(item.compiles),
        "torch.set_num_threads(1)",
        f"dtype = torch.{subject.storage.name}",
        f"features = {_numbers(features)}",
        f"labels = {_numbers(labels)}",
        *(f"p{number} = torch.nn.Parameter({_numbers(array)})" for number, array in enumerate(parameters)),
        f"optimizer = {made}([{names}], **{keywords(settings, targets)})",
        *loop(steps_of(failure), step),
    ]
    packed = any("unpacked(" in line for line in lines)
    return Body(lines, _value(subject, failure), targets, [UNPACKED] * packed, held)


def _held(subject: WorkerSubject, problem: str) -> Source:
    """Return the worker's source of a loss, of what calls the optimizer, and of the optimizer where that is there."""
    item, folder = subject.implementation, files("impls").joinpath("worker")
    calls = ["wrapped"] * bool(item.calling) + ["step_of"] * item.closure
    held = source(folder, "torch_training", problem, "held", *calls, without={"phase"})
    if not item.target.startswith(WORKER):
        return held
    module, _, name = item.target.removeprefix(WORKER).rpartition(":")
    own = source(folder, module, name)
    return Source(f"{held.text}\n\n\n{own.text}", {**held.imports, **own.imports})


def _value(subject: WorkerSubject, failure: TrainingFailure) -> str:
    """Return the expression of the value that is outside."""
    seen, rule = failure.seen, subject.rules[()]
    key, owner = subject.keys(rule).get(seen.quantity), f"p{seen.tensor}"
    if key is None:
        return f"{owner}.detach().flatten()[{seen.place}].item()"
    sign = "-" * (seen.quantity in subject.negated(rule))
    return f"{sign}torch.as_tensor(held(optimizer, {owner}, {literal(key)})).flatten()[{seen.place}].item()"


def _numbers(array: Array) -> str:
    """Return the expression of a tensor: few numbers as they are, many packed."""
    if array.size <= LITERAL:
        shaped = f".reshape({array.shape!r})" * (array.ndim != 1)
        return f"torch.tensor({literal([float(x) for x in array.flat])}, dtype=dtype){shaped}"
    text = base64.b64encode(zlib.compress(np.ascontiguousarray(array).tobytes(), 9)).decode()
    quotes = '"' * 3
    return "\n".join(
        [f"unpacked({quotes}", *textwrap.wrap(text, 112), f"{quotes}, {', '.join(map(str, array.shape))})"]
    )
