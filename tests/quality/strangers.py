"""Right optimizers of every rule that call things otherwise and keep them elsewhere.

A class is named `FAMILY__DIGITS__STYLE`: a rule, the place of each option's value among its values, and
one of `STYLES`, with `_late` for one with a mistake.  Every step of the others is a step
of the rule's NumPy reference.
"""

from __future__ import annotations

import copy
import inspect
import sys
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch.distributed.tensor import DTensor, distribute_tensor

sys.path.insert(0, str(Path(__file__).parents[2]))  # a worker knows nothing of this tree

from reference import rules as references
from reference.formats import FORMATS
from spec import rules as book
from spec.rule import ELEMENT


@dataclass(frozen=True)
class Style:
    """How a class calls its settings and its states, and where it keeps them.

    ``words`` maps the rule's keywords to the constructor's, ``in_groups`` to keys of a group where these
    differ; ``once`` says that they stand on the optimizer.  ``states`` is where states are kept, and
    ``count`` where the step count is.
    """

    words: dict = field(default_factory=dict)
    in_groups: dict = field(default_factory=dict)
    once: bool = False
    states: str = "state"
    prefix: str = ""
    count: str = "tensor"


SPELLED = {
    "lr": "learning_rate",
    "betas[0]": "beta1",
    "betas[1]": "beta2",
    "betas[2]": "beta3",
    "eps": "epsilon",
    "eps[0]": "epsilon1",
    "eps[1]": "epsilon2",
    "weight_decay": "wd",
}
OTHER = {
    "lr": "step_size",
    "betas[0]": "decay_rates[0]",
    "betas[1]": "decay_rates[1]",
    "betas[2]": "decay_rates[2]",
    "eps": "delta",
    "weight_decay": "l2",
    "momentum": "mu",
    "alpha": "smoothing",
    "rho": "smoothing",
    "momentum_decay": "psi",
    "final_lr": "end_lr",
}
STYLES = {
    "torch": Style(),
    "spelled": Style(SPELLED, prefix="s_"),
    "other": Style(OTHER, prefix="kept "),
    "unlike": Style(in_groups=SPELLED, count="int"),
    "int": Style(count="int"),
    "group": Style(count="group"),
    "optimizer": Style(count="optimizer"),
    "nested": Style(SPELLED, states="nested", prefix="m/", count="nested"),
    "attribute": Style(states="attribute", count="int"),
    "id": Style(states="id"),
    "packed": Style(states="packed", count="int"),
    "listed": Style(OTHER, states="listed"),
    "once": Style(SPELLED, once=True, count="optimizer"),
}


def entry(settings, keyword):
    """Return the number under a keyword, which may name a place of several."""
    name, _, place = keyword.partition("[")
    value = settings[name]
    return float(value[int(place.rstrip("]"))] if place else value)


def written(numbers):
    """Return settings from numbers by keywords that may name places of several."""
    found = {}
    for keyword, number in numbers.items():
        name, _, place = keyword.partition("[")
        found[name] = (*found.get(name, ()), number) if place else number
    return found


def numpy_of(tensor, storage):
    whole = tensor.full_tensor() if isinstance(tensor, DTensor) else tensor
    return whole.detach().double().numpy().astype(storage.dtype)


def write(held, array):
    value = torch.from_numpy(array.astype("float64")).reshape(held.shape)
    if isinstance(held, DTensor):
        value = distribute_tensor(value, held.device_mesh, held.placements)
    held.copy_(value)


def with_own_scalars(loaded, saved):
    """Return what was loaded, with what is kept in float64 as it was saved: torch casts them to its dtype."""
    if isinstance(saved, dict):
        return {key: with_own_scalars(loaded[key], value) for key, value in saved.items()}
    if isinstance(saved, list):
        return [with_own_scalars(*pair) for pair in zip(loaded, saved, strict=True)]
    return saved.clone() if isinstance(saved, torch.Tensor) and saved.dtype is torch.float64 else loaded


class Stranger(torch.optim.Optimizer):
    """The step of a rule, from its reference, in the style of a subclass."""

    rule = book.build("sgd")
    style = Style()

    def __init__(self, params, **given):
        style, items = self.style, self.rule.hyperparameters
        settings = {**self.own_defaults(), **given}
        numbers = {}
        for item in items:
            called = style.words.get(item.keyword, item.keyword)
            number = entry(settings, called)
            if number not in item.domain:
                raise ValueError(f"{called}={number} is not in {item.domain}")
            numbers[style.in_groups.get(item.keyword, called)] = number
        super().__init__(params, {} if style.once else written(numbers))
        self.rates = written(numbers)
        self.made = 0
        self.kept = {}

    def places(self):
        return [p for group in self.param_groups for p in group["params"]]

    def own(self):
        """Return what the optimizer keeps beside its states and groups, with states by place."""
        key = id if self.style.states == "id" else lambda p: p
        kept = {n: self.kept[key(p)] for n, p in enumerate(self.places()) if key(p) in self.kept}
        return {"rates": self.rates, "made": self.made, "kept": kept}

    def take(self, own):
        key = id if self.style.states == "id" else lambda p: p
        self.rates, self.made = own["rates"], own["made"]
        self.kept = {key(p): own["kept"][n] for n, p in enumerate(self.places()) if n in own["kept"]}

    def __getstate__(self):
        return {**super().__getstate__(), "own": self.own()}

    def __setstate__(self, state):
        super().__setstate__({key: value for key, value in state.items() if key != "own"})
        if "own" in state:
            self.take(state["own"])

    def state_dict(self):
        return {**super().state_dict(), "own": self.own()}

    def load_state_dict(self, state_dict):
        if "own" not in state_dict:
            raise ValueError(f"this is no checkpoint of {type(self).__name__}")
        super().load_state_dict(state_dict)
        for n, p in enumerate(self.places()):
            if n in state_dict["state"]:
                self.state[p] = with_own_scalars(self.state[p], state_dict["state"][n])
        self.take(copy.deepcopy(state_dict["own"]))

    @classmethod
    def own_defaults(cls):
        return written({cls.style.words.get(h.keyword, h.keyword): h.default for h in cls.rule.hyperparameters})

    def scalars(self, group):
        style, found = self.style, {}
        for item in self.rule.hyperparameters:
            called = style.words.get(item.keyword, item.keyword)
            held = self.rates if style.once else group
            found[item.symbol.name] = entry(held, style.in_groups.get(item.keyword, called))
        return found

    @torch.no_grad()
    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        self.made += 1
        for group in self.param_groups:
            if self.style.count == "group":
                group["k"] = group.get("k", 0) + 1
            for p in group["params"]:
                if p.grad is not None:
                    self.update(p, group)
        return loss

    def holder(self, p):
        """Return the dict that holds the states of a parameter, or says where they are."""
        if self.style.states == "attribute":
            return self.kept.setdefault(p, {})
        if self.style.states == "id":
            return self.kept.setdefault(id(p), {})
        state = self.state[p]
        return state.setdefault("inner", {}) if self.style.states == "nested" else state

    def started(self, p, scalars):
        found = {}
        for item in self.rule.states:
            start = float(item.initial.subs({s: scalars[s.name] for s in item.initial.free_symbols}))
            kept = torch.float64 if item.scalar else p.dtype
            found[item.keyword] = torch.full(item.shape(tuple(p.shape)), start, dtype=kept, device=p.device)
        return found

    def packed(self):
        """Return the states that have a number for each element."""
        return [item.keyword for item in self.rule.states if not item.scalar and item.per == ELEMENT]

    def put_states(self, p, states):
        holder, style = self.holder(p), self.style
        whole = self.packed()
        if style.states == "packed" and whole:
            holder["packed"] = torch.stack([states[key] for key in whole])
            states = {key: value for key, value in states.items() if key not in whole}
        if style.states == "listed":
            holder["buffers"] = list(states.values())
            states = {}
        holder.update({style.prefix + key: value for key, value in states.items()})

    def states_of(self, p):
        holder, style = self.holder(p), self.style
        if style.states == "listed":
            return dict(zip([item.keyword for item in self.rule.states], holder["buffers"], strict=True))
        found = {}
        whole = self.packed()
        if style.states == "packed" and whole:
            found = dict(zip(whole, holder["packed"], strict=True))
        rest = (i.keyword for i in self.rule.states if i.keyword not in found)
        return found | {key: holder[style.prefix + key] for key in rest}

    def counted(self, p, group):
        count = self.style.count
        if count == "group":
            return group["k"]
        if count == "optimizer":
            return self.made
        state = self.state[p]
        if count == "nested":
            state = state.setdefault("inner", {})
        key = "count" if count == "int" else "step"
        if key not in state:
            state[key] = torch.zeros((), dtype=torch.float64, device=p.device) if key == "step" else 0
        state[key] += 1
        return state[key]

    def update(self, p, group):
        if p.grad.is_sparse:
            raise RuntimeError("sparse gradients are not supported; give dense ones")
        storage, scalars = FORMATS[str(p.dtype).removeprefix("torch.")], self.scalars(group)
        fresh = "buffers" not in self.holder(p) and "packed" not in self.holder(p)
        fresh = fresh and not any(self.style.prefix + i.keyword in self.holder(p) for i in self.rule.states)
        if fresh and self.rule.states:
            self.put_states(p, self.started(p, scalars))
        states = self.states_of(p)
        scalars["t"] = float(self.counted(p, group))
        if not p.numel():
            return
        before = {"theta": numpy_of(p, storage), "g": numpy_of(p.grad, storage)}
        for item in self.rule.states:
            if item.scalar:
                scalars[item.symbol.name] = float(states[item.keyword])
            before[item.symbol.name] = numpy_of(states[item.keyword], references.kept_in(item, storage))
        after = references.step(self.rule, storage, scalars, before)
        write(p, after["theta"])
        for item in self.rule.states:
            write(states[item.keyword], after[item.symbol.name])


def options_of(family, values):
    options = book.families()[family].options
    return {option.name: list(option.values)[int(digit)] for option, digit in zip(options, values, strict=True)}


def __getattr__(name):
    family, _, rest = name.partition("__")
    values, _, style = rest.partition("__")
    if not style:
        raise AttributeError(name)
    rule = book.build(family, options_of(family, values))
    style = style.removesuffix("_late")
    members = {"rule": rule, "style": STYLES[style], "__module__": __name__}
    made = type(name, (LateMistake if name.endswith("_late") else Stranger,), members)
    kinds = inspect.Parameter.POSITIONAL_OR_KEYWORD
    parameters = [inspect.Parameter("params", kinds)]
    parameters += [inspect.Parameter(key, kinds, default=value) for key, value in made.own_defaults().items()]
    made.__signature__ = inspect.Signature(parameters)
    globals()[name] = made
    return made


class LateMistake(Stranger):
    """Right in its first two steps, and then it grows."""

    def update(self, p, group):
        super().update(p, group)
        counted = self.made if self.style.count == "optimizer" else self.holder(p).get("step", 0)
        if counted > 2:
            p.add_(p, alpha=2.0**-10)
