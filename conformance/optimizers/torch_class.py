"""A torch optimizer of a formula, as the source of a class: right, or wrong under a condition."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass

from conformance.optimizers.torch_source import UnwritableError, Written, lines, name
from spec.rule import Hyperparameter, UpdateRule
from spec.symbols import g

CLASS = "Optimizer"
COUNT = 't = state["step"]'
"""The line by which a class that is written here knows its count."""
SOURCE = '''"""{what}."""

import math

import torch


class {name}(torch.optim.Optimizer):
    """{what}."""

    def __init__(self, params, {signature}):
{checks}
        super().__init__(params, {{{settings}}})
        self.loaded = False

    def load_state_dict(self, state_dict):
        super().load_state_dict(state_dict)
        self.loaded = True

    @torch.no_grad()
    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for place, group in enumerate(self.param_groups):
            for p in group["params"]:
                if p.grad is not None:
                    self.update(p, group, place)
        return loss

    def update(self, p, group, place):
        if p.grad.is_sparse:
            raise RuntimeError("{name} takes dense gradients, not sparse ones")
        state = self.state[p]
{read}
        if not state:
            state["step"] = 0
{initial}
        state["step"] += 1
        {count}
        {parameter}, g = seen(p), seen(p.grad.to(p.dtype))
{states}
{program}
{write}


def seen(tensor):
    """A complex tensor is seen as its real and imaginary parts."""
    return torch.view_as_real(tensor) if tensor.is_complex() else tensor


def root(number):
    """The square root of a number, which is none below 0."""
    return math.sqrt(number) if number >= 0 else math.nan
'''


@dataclass(frozen=True)
class Mistake:
    """What is wrong: another program, and the condition, on names of the class, under which it is computed.

    A condition ``of_elements`` is a tensor: where it does not hold the element steps rightly.  ``initial``
    are other values with which states begin, and ``unwritten`` the states that are not written back.
    """

    wrong: UpdateRule | None = None
    condition: str = ""
    of_elements: bool = False
    initial: Mapping[str, float] | None = None
    unwritten: Mapping[str, str] | None = None


RIGHT = Mistake()


def written(rule: UpdateRule, what: str, mistake: Mistake = RIGHT) -> str:
    """Return the source of a module whose class ``Optimizer`` steps as a rule of single elements does.

    Raises ``UnwritableError`` for a rule with other operations, or with states of another shape.
    """
    if not rule.elementwise:
        raise UnwritableError(f"{rule.label} is no rule of single elements")
    return SOURCE.format(
        what=what,
        name=CLASS,
        count=COUNT,
        signature=_signature(rule),
        checks=_indented(8, *(_check(item) for item in rule.hyperparameters)),
        settings=", ".join(f'"{word}": {word}' for word in _keywords(rule)),
        read=_indented(8, *(f"{name(h.symbol)} = float({held_by(h.keyword)})" for h in rule.hyperparameters)),
        initial=_indented(12, *_initial(rule, mistake.initial or {})),
        parameter=name(rule.parameter.symbol),
        states=_indented(8, *_states(rule)),
        program=_indented(8, *_program(rule, mistake)),
        write=_indented(8, *_write(rule, mistake.unwritten or {})),
    )


def _indented(by: int, *texts: str) -> str:
    return textwrap.indent("\n".join(texts) or "pass", " " * by)


def _keywords(rule: UpdateRule) -> dict[str, list[Hyperparameter]]:
    """Return the settings of each keyword of the constructor, those of a tuple in order."""
    found: dict[str, list[Hyperparameter]] = {}
    for item in rule.hyperparameters:
        found.setdefault(item.keyword.partition("[")[0], []).append(item)
    return found


def _signature(rule: UpdateRule) -> str:
    def default(items: list[Hyperparameter]) -> str:
        numbers = ", ".join(repr(item.default) for item in items)
        return f"({numbers})" if "[" in items[0].keyword else numbers

    return ", ".join(f"{word}={default(items)}" for word, items in _keywords(rule).items())


def _check(item: Hyperparameter) -> str:
    low, high = item.domain.low, item.domain.high
    above = "True" if low == -float("inf") else f"{low!r} {'<' if item.domain.low_open else '<='} {item.keyword}"
    below = (
        f"{item.keyword} < math.inf"
        if high == float("inf")
        else f"{item.keyword} {'<' if item.domain.high_open else '<='} {high!r}"
    )
    told = f'raise ValueError(f"{item.keyword}={{{item.keyword}}} is not in {item.domain}")'
    return f"if not ({above} and {below}):\n    {told}"


def held_by(keyword: str, group: str = "group") -> str:
    """Return how a class that is written here reads a setting of a group."""
    word, bracket, place = keyword.partition("[")
    return f'{group}["{word}"]{bracket}{place}'


def _initial(rule: UpdateRule, changed: Mapping[str, float]) -> list[str]:
    written = Written(frozenset())
    found = []
    for state in rule.states:
        value = repr(changed[state.keyword]) if state.keyword in changed else written.text(state.initial)
        made = "torch.tensor(float({}), dtype=torch.float64)" if state.scalar else "torch.full_like(p, {})"
        found.append(f'state["{state.keyword}"] = {made.format(value)}')
    return found


def _states(rule: UpdateRule) -> list[str]:
    return [
        f'{name(s.symbol)} = state["{s.keyword}"].item()'
        if s.scalar
        else f'{name(s.symbol)} = seen(state["{s.keyword}"])'
        for s in rule.states
    ]


def _program(rule: UpdateRule, mistake: Mistake) -> list[str]:
    tensors = {g, rule.parameter.symbol, *(s.symbol for s in rule.states if not s.scalar)}
    right = list(lines(rule, tensors))
    if mistake.wrong is None:
        return right
    wrong = list(lines(mistake.wrong, tensors))
    if not mistake.condition:
        return wrong
    if not mistake.of_elements:
        return [f"if {mistake.condition}:", _indented(4, *wrong), "else:", _indented(4, *right)]
    results = [name(q.updated) for q in rule.quantities if not q.scalar]
    joined = [f"{result} = torch.where({mistake.condition}, {result}, right_{result})" for result in results]
    return [*right, *(f"right_{result} = {result}" for result in results), *wrong, *joined]


def _write(rule: UpdateRule, unwritten: Mapping[str, str]) -> list[str]:
    """Return the lines that write results back; an unwritten state is so only where its condition holds."""
    found = [f"seen(p).copy_({name(rule.parameter.updated)})"]
    for state in rule.states:
        new = name(state.updated)
        line = f'state["{state.keyword}"].fill_({new})' if state.scalar else f"{name(state.symbol)}.copy_({new})"
        when = unwritten.get(state.keyword)
        found.append(line if when is None else f"if not ({when}):\n    {line}")
    return found
