"""The standalone script of a breach: the experiment's own source, with torch alone."""

from __future__ import annotations

import ast
from importlib.resources import files

from conformance.contract.breach import BESIDE, SEARCH, STEP, Breach
from conformance.contract.request import Tried, request
from conformance.engine.evidence import RAISED
from conformance.engine.script_builder import (
    SHOWN,
    as_written,
    assembled,
    ending,
    keywords,
    literal,
    raising,
    target,
    told,
    tuples,
)
from conformance.engine.script_source import Source, source
from conformance.optimizers.subject import WorkerSubject

TOGETHER = "distributed"
"""The experiments that two processes make, the second of which a script forks."""


def script(subject: WorkerSubject, clause: Tried, breach: Breach) -> str:
    """Return a script that makes the experiment and looks for the observation that breaks the clause."""
    header = request(clause, subject, breach.case)
    held = experiment(clause)
    if header["calling"]:
        held = _with_calling(held)
    defined = {node.name for node in ast.parse(held.text).body if hasattr(node, "name")}
    called = target(header["target"], defined)
    calling, targets = header["calling"], [called]
    sparse = ["    sparse=True,"] if header["sparse"] else []
    trial = [
        *as_written(subject.implementation.compiles),
        "trial = Trial(",
        f"    {f'wrapped({called.name}, {literal(calling)})' if calling else called.name},",
        f"    path={keywords(header['path'], targets)},",
        f"    settings={literal(tuples(header['settings']))},",
        f"    dtype=torch.{header['dtype']},",
        f"    device={literal(header['device'])},",
        f"    arguments={literal(header['arguments'])},",
        *sparse,
        ")",
    ]
    title = f"{subject.implementation.identifier}, {subject.path.name}: {clause.sentence}"
    return assembled(title, [*trial, *_ending(subject, clause, breach)], targets, held=held)


def _with_calling(held: Source) -> Source:
    """Return a source with what calls a constructor as it wants to be called."""
    more = source(files("impls").joinpath("worker"), "calling", "wrapped")
    return Source(f"{more.text}\n\n\n{held.text}", {**held.imports, **more.imports})


def experiment(clause: Tried) -> Source:
    """Return the source of a clause's experiment, with all that it uses."""
    module, _, function = clause.experiment.partition(".")
    return source(files("impls").joinpath("worker"), f"contract.{module}", function)


def _ending(subject: WorkerSubject, clause: Tried, breach: Breach) -> list[str]:
    module, _, function = clause.experiment.partition(".")
    made = f"{function}(trial)"
    if breach.quantity == RAISED:
        return raising([f"for seen in {made}:", "    pass"], breach.got)
    if breach.compared == STEP:
        lines, shown, said = _of_a_step(subject, made, breach)
    else:
        # A search names what it recorded by its place there, and each of two processes has its own half.
        any_of_it = breach.compared == SEARCH or module == TOGETHER
        which = "" if any_of_it else f" and seen.what == {literal(breach.quantity)}"
        found = f"seen for seen in {made} if seen.differing and seen.step is None{which}"
        lines = [f"broken = next(({found}), Observation('nothing differs'))"]
        shown, said = "broken.differing > 0", "{broken.what}: {broken.got!r}; expected: {broken.expected!r}"
    if module != TOGETHER:
        return [*lines, *ending(shown, said)]
    return [
        "parent = os.getpid()",
        *lines,
        "if os.getpid() != parent:",
        f"    os._exit({SHOWN} if {shown} else 0)",
        "other = os.waitstatus_to_exitcode(os.wait()[1])",
        *ending(f"{shown} or other == {SHOWN}", f"{said}; the other process ends with {{other}}"),
    ]


def _of_a_step(subject: WorkerSubject, made: str, breach: Breach) -> tuple[list[str], str, str]:
    """Return the lines that look for an element of a step, when it is outside, and what they say."""
    (low, high), quantity = breach.legal, breach.quantity.removesuffix(BESIDE)
    before, _, key = quantity.rpartition(": ")
    side = "expected" if breach.quantity.endswith(BESIDE) else "got"
    rule = subject.rules[breach.case.switches]
    negated = key in {subject.keys(rule)[symbol] for symbol in subject.negated(rule)}
    row = f"found[{literal(key)}]"
    shown = "value is not None and not low <= value <= high"
    lines = [
        f"value, low, high = None, {literal(low)}, {literal(high)}",
        f"for seen in {made}:",
        f"    found = seen.step['{side}'] if seen.step and seen.what.startswith({literal(before)}) else {{}}",
        f"    if {literal(key)} in found:",
        f"        row = {f'(-{row})' if negated else row}.tolist()",
        f"        value = dict(zip(seen.step['places'], row)).get({breach.place})",
        f"        if {shown}:",
        "            break",
    ]
    said = f"{told(quantity)}[{breach.place}] = {{value!r}}; legal: from {{low!r}} to {{high!r}}"
    return lines, shown, said
