"""The steps of a case with an optimizer that keeps things in places of its own, as a standalone script.

The functions that call it and that find these places are the worker's own source.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any

import numpy as np

from conformance.engine.evidence import RAISED
from conformance.engine.script_builder import Body, as_written, keywords, literal, repeated, target, tuples
from conformance.engine.script_source import Source, source
from conformance.optimizers.agreement import Outside
from conformance.optimizers.prepared import Prepared, prepare
from conformance.optimizers.setting_names import ON_OPTIMIZER
from conformance.optimizers.subject import WorkerSubject

FUNCTIONS = ("wrapped", "step_of", "play", "held", "put")
SET = """
def set_to(optimizer, p, path, value):
    \"\"\"What is kept there keeps its type, its dtype and its shape.\"\"\"
    kept = held(optimizer, p, path)
    if isinstance(kept, torch.Tensor):
        value = value.to(kept).reshape(kept.shape)
    elif isinstance(kept, (int, float)):
        value = type(kept)(value.item())
    put(optimizer, p, path, value)
"""


def needed(subject: WorkerSubject) -> bool:
    """Tell whether an optimizer is called, or keeps things, in a way of its own."""
    item = subject.implementation
    given = any(isinstance(value, Mapping) for path in item.paths for value in path.constructor.values())
    return bool(
        item.compiles or item.calling or item.played or item.counters_beside or item.closure or given or subject.apart
    )


def body(subject: WorkerSubject, failure: Outside) -> Body:
    """Return the lines that make the steps up to the one that failed."""
    return _Placed(subject, failure).body()


class _Placed:
    """What the lines of one script share."""

    def __init__(self, subject: WorkerSubject, failure: Outside) -> None:
        self.subject, self.failure = subject, failure
        self.rule = subject.rules[failure.case.switches]
        every = prepare(failure.case, self.rule, subject.storage)
        self.header = subject.request(failure.case, every, every=False)
        self.owner = every[failure.tensor]
        # What one count or one setting for all parts are optimizers of their own, and only one of them matters.
        self.kept = {number: item for number, item in enumerate(every) if self._beside(item)}
        self.targets = [target(subject.implementation.target)]

    def _beside(self, item: Prepared) -> bool:
        one = self.subject.implementation.counter or ""
        counts = one.startswith(ON_OPTIMIZER) and "*" not in one
        same = item.group == self.owner.group
        return (same or not (counts or self.subject.apart)) and (item.count == self.owner.count or not counts)

    def body(self) -> Body:
        """Return the lines, with the value that they lead to and what they import."""
        calling = self.header["calling"]
        made = self.targets[0].name
        constructor = {**self.header["constructor"]}
        if self.subject.apart:
            constructor |= self.header["groups"][self.owner.group]["constructor"]
        settings = f"**{keywords(constructor, self.targets)}"
        steps = self._steps()
        lines = [
            *as_written(self.subject.implementation.compiles),
            f"dtype, device = torch.{self.subject.storage.name}, {literal(self.subject.device)}",
            *(f"p{number} = torch.nn.Parameter({self._values(item)})" for number, item in self.kept.items()),
            *([f"make = wrapped({made}, {literal(calling)})"] if calling else []),
            f"optimizer = {'make' if calling else made}({self._groups()}, {settings})",
            *self._states(),
            *steps,
        ]
        value = self._value()
        functions = [SET] if any(item.count for item in self.kept.values()) else []
        return Body(lines, value, self.targets, functions, _source("\n".join([*lines, value, *functions])))

    def _groups(self) -> str:
        groups = dict.fromkeys(item.group for item in self.kept.values())
        shown = []
        for place in groups:
            members = ", ".join(f"p{number}" for number, item in self.kept.items() if item.group == place)
            options = self.header["groups"][place]["options"]
            own = {key: value for key, value in tuples(options).items() if not key.startswith(ON_OPTIMIZER)}
            shown.append(f"{{'params': [{members}], {literal(own)[1:]}")
        return f"[{', '.join(shown)}]"

    def _states(self) -> Iterator[str]:
        """Yield the lines that play a step and replace what it has left."""
        under_way = {number: item for number, item in self.kept.items() if item.count}
        if under_way:
            members = ", ".join(f"p{number}" for number in under_way)
            gradient = "torch.ones_like(p)"
            yield f"play(optimizer, [{members}], [{gradient} for p in [{members}]])"
        keys, negated = self.subject.keys(self.rule), self.subject.negated(self.rule)
        counters = [self.header["counter"], *self.header["counters_beside"]]
        for number, item in under_way.items():
            for state in self.rule.states:
                if state.symbol.name in keys:
                    sign = "-" * (state.symbol.name in negated)
                    values = f"{sign}{_tensor(item.values[state.symbol.name], 'torch.float64')}"
                    yield f"set_to(optimizer, p{number}, {literal(keys[state.symbol.name])}, {values})"
            for key, kept in self.subject.ahead(self.rule, self._scalars(item), item).items():
                value = f"torch.tensor({literal(kept)}, dtype=torch.float64)"
                yield f"set_to(optimizer, p{number}, {literal(key)}, {value})"
            for counter in filter(None, counters):
                yield f"set_to(optimizer, p{number}, {literal(counter)}, torch.tensor({item.count}))"

    def _scalars(self, item: Prepared) -> Mapping[str, float]:
        return self.failure.case.groups[item.group].hyperparameters

    def _steps(self) -> list[str]:
        last = self.failure.case.steps - 1 if self.failure.quantity == RAISED else self.failure.step
        members = ", ".join(f"p{number}" for number in self.kept)
        made = f"step_of(optimizer, [{members}])()" if self.subject.implementation.closure else "optimizer.step()"
        blocks = []
        for step in range(last + 1):
            block = [
                f"p{number}.grad = {self._shaped(item, item.gradients[step])}" for number, item in self.kept.items()
            ]
            changes = self.header["steps"][step].get("options") or []
            for place, group in enumerate(dict.fromkeys(item.group for item in self.kept.values()) if changes else ()):
                block += list(self._changed(place, tuples(changes[group])))
            blocks.append([*block, made])
        return repeated(blocks)

    def _changed(self, place: int, options: Mapping[str, Any]) -> Iterator[str]:
        own = {key: value for key, value in options.items() if not key.startswith(ON_OPTIMIZER)}
        if own:
            yield f"optimizer.param_groups[{place}].update({literal(own)})"
        for path in options.keys() - own.keys():
            yield f"put(optimizer, p{next(iter(self.kept))}, {literal(path)}, {literal(options[path])})"

    def _values(self, item: Prepared) -> str:
        return self._shaped(item, item.values[self.rule.parameter.symbol.name])

    def _shaped(self, item: Prepared, values: Any) -> str:
        return f"{_tensor(values, 'dtype')}.reshape({item.shape!r})"

    def _value(self) -> str:
        failure, keys = self.failure, self.subject.keys(self.rule)
        owner = f"p{failure.tensor}"
        if failure.quantity in keys:
            sign = "-" if failure.quantity in self.subject.negated(self.rule) else ""
            found = f"torch.as_tensor(held(optimizer, {owner}, {literal(keys[failure.quantity])}))"
            return f"{sign}{found}.flatten()[{failure.place}].item()"
        if failure.quantity == "t" and self.header["counter"]:
            return f"float(held(optimizer, {owner}, {literal(self.header['counter'])}))"
        return f"{owner}.detach().flatten()[{failure.place}].item()"


def _tensor(values: Any, dtype: str) -> str:
    flat = [float(value) for value in np.asarray(values).reshape(-1)]
    return f"torch.tensor({literal(flat)}, dtype={dtype}, device=device)"


def _source(text: str) -> Source | None:
    """Return the worker's functions that a program calls."""
    used = [name for name in FUNCTIONS if f"{name}(" in text]
    if not used:
        return None
    return source(files("impls").joinpath("worker"), "torch_loading", *used, without={"phase"})
