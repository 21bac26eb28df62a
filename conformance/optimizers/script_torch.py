"""The steps of a case with torch, as the lines of a standalone script."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from typing import Any

from conformance.engine.evidence import RAISED
from conformance.engine.script_builder import Body, arguments, literal, repeated, target, tuples
from conformance.engine.script_source import source
from conformance.optimizers import script_placed
from conformance.optimizers.agreement import Outside
from conformance.optimizers.prepared import prepare
from conformance.optimizers.subject import WorkerSubject

WORKER = "_stepproof_worker."
"""Where the adapters live that stand for somebody's class: a script holds their source."""
IN_GROUP = "group:"
ROWS = """
def rows(gradient):
    \"\"\"A sparse gradient that names rows, those of zeros too.\"\"\"
    chosen = torch.arange(0, len(gradient), {every}, device=gradient.device)
    return torch.sparse_coo_tensor(chosen.unsqueeze(0), gradient[chosen], gradient.shape)
"""
FIRST_STATE = """
def first_state(p, **options):
    \"\"\"One step makes the state of a tensor, whose values are then replaced.\"\"\"
    trial = torch.nn.Parameter(torch.ones_like(p)){copy}
    trial.grad = {gradient}
    optimizer = {call}
    optimizer.step()
    return dict(optimizer.state[trial])


def put(state, key, value):
    \"\"\"A state keeps its type, its dtype and its shape.\"\"\"
    held = state.get(key)
    if isinstance(held, torch.Tensor):
        value = value.to(held).reshape(held.shape)
    elif isinstance(held, (int, float)):
        value = type(held)(value.item())
    state[key] = value
"""


def body(subject: WorkerSubject, failure: Outside) -> Body:
    """Return the lines that make the steps up to the one that failed."""
    return script_placed.body(subject, failure) if script_placed.needed(subject) else _Steps(subject, failure).body()


class _Steps:
    """What the lines of one script share: the case, prepared, and what its request to the worker says."""

    def __init__(self, subject: WorkerSubject, failure: Outside) -> None:
        self.subject, self.failure = subject, failure
        self.rule = subject.rules[failure.case.switches]
        self.prepared = prepare(failure.case, self.rule, subject.storage)
        self.header = subject.request(failure.case, self.prepared, every=False)
        self.counter = subject.implementation.counter or ""
        self.groups = self._groups()
        # Autograd forbids to overwrite a leaf that asks for a gradient while it records.
        self.copy = ".clone()" if self.header["constructor"].get("differentiable") else ""

    def body(self) -> Body:
        """Return the lines, with the value that they lead to and what they import."""
        own, adapted = self.subject.implementation.target, self.subject.implementation.called
        called, held, resolved = target(own), None, []
        if own.startswith(WORKER):
            module, _, name = own.removeprefix(WORKER).rpartition(":")
            held = source(files("impls").joinpath("worker"), module, name, without={"resolve"})
            called = target(adapted, {name})
            resolved = [f"resolve = {{{literal(adapted)}: {called.name}}}.get"]
        name = name if held else called.name
        settings = arguments(**tuples(self.header["constructor"]))
        lines = [
            *resolved,
            f"dtype, device = torch.{self.subject.storage.name}, {literal(self.subject.device)}",
            *self._tensors(),
            f"optimizer = {name}(groups, {settings})",
            *self._states(),
            *self._steps(),
        ]
        call = f"{name}([{{'params': [trial], **options}}], {settings})"
        return Body(lines, self._value(), [called], [*self._functions(call)], held)

    def _groups(self) -> list[list[int]]:
        """Return which tensors form a group of the optimizer: where groups count, those of one count."""
        joined: dict[tuple[int, int], list[int]] = {}
        numbers = range(len(self.prepared))
        for number in sorted(numbers, key=lambda n: (self.prepared[n].group, self.prepared[n].count == 0)):
            item = self.prepared[number]
            count = item.count if self.counter.startswith(IN_GROUP) else 0
            under_way = [key for key in joined if key[0] == item.group]
            key = under_way[0] if under_way and not count else (item.group, count)
            joined.setdefault(key, []).append(number)
        return [sorted(members) for members in joined.values()]

    def _of(self, number: int) -> int:
        """Return the place of a tensor's group in the optimizer."""
        return next(place for place, members in enumerate(self.groups) if number in members)

    def _options(self, number: int) -> dict[str, Any]:
        return tuples(self.header["groups"][self.prepared[number].group]["options"])

    def _functions(self, call: str) -> Iterator[str]:
        """Yield the functions that a case needs: for sparse gradients, and for states under way."""
        layout = self.header["gradient"]
        if layout != "dense":
            yield ROWS.format(every=2 if layout.endswith("even rows") else 1)
        if any(item.count for item in self.prepared):
            yield FIRST_STATE.format(copy=self.copy, gradient=self._laid("torch.ones_like(p)"), call=call)

    def _laid(self, gradient: str) -> str:
        return gradient if self.header["gradient"] == "dense" else f"rows({gradient})"

    def _tensors(self) -> Iterator[str]:
        """Yield the parameters and their groups."""
        name = self.rule.parameter.symbol.name
        for number, item in enumerate(self.prepared):
            yield f"p{number} = torch.nn.Parameter({_values(item.values[name], item.shape)}){self.copy}"
        yield "groups = ["
        for members in self.groups:
            held = ", ".join(f"p{number}" for number in members)
            yield f"    {{'params': [{held}], {literal(self._options(members[0]))[1:]},"
        yield "]"

    def _states(self) -> Iterator[str]:
        """Yield the lines that give the tensors under way their states."""
        keys, negated = self.subject.keys(self.rule), self.subject.negated(self.rule)
        for number, item in enumerate(self.prepared):
            if item.count == 0:
                continue
            options = arguments(f"p{number}", **self._options(number))
            yield f"state = optimizer.state[p{number}] = first_state({options})"
            if self.counter.startswith(IN_GROUP):
                key = literal(self.counter.removeprefix(IN_GROUP))
                yield f"group = optimizer.param_groups[{self._of(number)}]"
                yield f"in_tensor = isinstance(group.get({key}), torch.Tensor)"
                yield f"group[{key}] = torch.full_like(group[{key}], {item.count}) if in_tensor else {item.count}"
            elif self.counter:
                yield f"put(state, {literal(self.counter)}, torch.tensor({item.count}.0))"
            for state in self.rule.states:
                symbol = state.symbol.name
                if symbol in keys:
                    values = item.values[symbol]
                    shown = _number(values[0]) if state.scalar else _values(values, state.shape(item.shape))
                    yield f"put(state, {literal(keys[symbol])}, {'-' * (symbol in negated)}{shown})"
            hyperparameters = self.failure.case.groups[item.group].hyperparameters
            for key, value in self.subject.ahead(self.rule, hyperparameters, item).items():
                yield f"put(state, {literal(key)}, {_number(value)})"

    def _steps(self) -> list[str]:
        """Return the steps up to the one that failed."""
        made = "optimizer.step()"
        before = []
        if self.subject.path.compiled:
            before, made = ["compiled = torch.compile(lambda: optimizer.step())"], "compiled()"
        blocks = []
        last = self.failure.case.steps - 1 if self.failure.quantity == RAISED else self.failure.step
        for step in range(last + 1):
            changes = self.header["steps"][step].get("options")
            block = [
                f"p{number}.grad = {self._laid(_values(item.gradients[step], item.shape))}"
                for number, item in enumerate(self.prepared)
            ]
            for place, members in enumerate(self.groups if changes else ()):
                changed = tuples(changes[self.prepared[members[0]].group])
                block.append(f"optimizer.param_groups[{place}].update({literal(changed)})")
            blocks.append([*block, made])
        return [*before, *repeated(blocks)]

    def _counter_of_group(self, number: int) -> str:
        key = literal(self.counter.removeprefix(IN_GROUP))
        return f"optimizer.param_groups[{self._of(number)}][{key}]"

    def _value(self) -> str:
        """Return the expression of the value that is outside."""
        failure, keys = self.failure, self.subject.keys(self.rule)
        owner = f"p{failure.tensor}"
        if failure.quantity in keys:
            sign = "-" if failure.quantity in self.subject.negated(self.rule) else ""
            held = f"torch.as_tensor(optimizer.state[{owner}][{literal(keys[failure.quantity])}])"
            return f"{sign}{held}.flatten()[{failure.place}].item()"
        if failure.quantity != "t" or not self.counter:
            return f"{owner}.detach().flatten()[{failure.place}].item()"
        if self.counter.startswith(IN_GROUP):
            return f"float({self._counter_of_group(failure.tensor)})"
        return f"float(optimizer.state[{owner}][{literal(self.counter)}])"


def _values(array: Any, shape: tuple[int, ...]) -> str:
    flat = [float(x) for x in array]
    if len(set(flat)) == 1 and len(flat) > 1:
        return f"torch.full({shape!r}, {literal(flat[0])}, dtype=dtype, device=device)"
    reshaped = "" if shape == (len(flat),) else f".reshape({shape!r})"
    return f"torch.tensor({literal(flat)}, dtype=dtype, device=device){reshaped}"


def _number(value: float) -> str:
    return f"torch.tensor({literal(float(value))}, dtype=torch.float64)"
