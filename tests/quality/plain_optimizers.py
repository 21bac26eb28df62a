"""Plain optimizers, right by construction: every step of one is a step of its rule's NumPy reference.

For each rule there are classes that take `weight_decay` and that do not, and that keep their count as
a tensor, as a Python int and in the group: `AdamWithDecay`, `AdamWithIntCount`, ...
"""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parents[2]))  # a worker knows nothing of this tree

from reference import rules as references
from reference.formats import FORMATS
from spec import rules as book
from spec.rule import NONNEGATIVE

KEYWORD = re.compile(r"(\w+)(?:\[(\d+)\])?$")
COUNTS = ("Tensor", "Int", "Group")
FAMILIES = sorted(set(references.references()) - {"lbfgs"})


def name_of(rule, *, decay=False, count="Tensor"):
    """Return the name of a rule's class."""
    stem = "".join(word.title() for word in rule.split("_"))
    return stem + ("WithDecay" if decay else "") + (f"With{count}Count" if count != "Tensor" else "")


def numpy_of(tensor, storage):
    return tensor.detach().double().numpy().astype(storage.dtype)


class Plain(torch.optim.Optimizer):
    """The step of a rule that a subclass names, from its reference."""

    rule = book.build("sgd")
    added, counts, keywords, prefix = False, "Tensor", {}, ""

    def __init__(self, params, **given):
        settings = {**self.keywords, **given}
        domains = {item.keyword: item.domain for item in self.rule.hyperparameters}
        for name, value in settings.items():
            several = isinstance(value, (tuple, list))
            for place, number in enumerate(value if several else [value]):
                keyword = f"{name}[{place}]" if several else name
                domain = domains.get(keyword, NONNEGATIVE)
                if number not in domain:
                    raise ValueError(f"{keyword}={number} is not in {domain}")
        super().__init__(params, settings)

    @torch.no_grad()
    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            if self.counts == "Group":
                group["step"] = group.get("step", 0) + 1
            for p in group["params"]:
                if p.grad is not None:
                    self.update(p, p.grad, group)
        return loss

    def update(self, p, gradient, group):
        if gradient.is_sparse:
            raise RuntimeError("sparse gradients are not supported; give dense ones")
        storage, state = FORMATS[str(p.dtype).removeprefix("torch.")], self.state[p]
        scalars = self.scalars(group)
        if not state:
            for item in self.rule.states:
                start = float(item.initial.subs({s: scalars[s.name] for s in item.initial.free_symbols}))
                kept = torch.float64 if item.scalar else p.dtype
                state[self.prefix + item.keyword] = torch.full(item.shape(tuple(p.shape)), start, dtype=kept)
            if self.counts != "Group":
                state["step"] = torch.tensor(0.0) if self.counts == "Tensor" else 0
        if self.counts != "Group":
            state["step"] += 1
        scalars["t"] = float(group["step"] if self.counts == "Group" else state["step"])
        if self.added:
            gradient = gradient + group["weight_decay"] * p
        before = {"theta": numpy_of(p, storage), "g": numpy_of(gradient, storage)}
        for item in self.rule.states:
            if item.scalar:
                scalars[item.symbol.name] = float(state[self.prefix + item.keyword])
            before[item.symbol.name] = numpy_of(state[self.prefix + item.keyword], references.kept_in(item, storage))
        after = references.step(self.rule, storage, scalars, before)
        p.copy_(torch.from_numpy(after["theta"].astype("float64")).reshape(p.shape))
        for item in self.rule.states:
            value = torch.from_numpy(after[item.symbol.name].astype("float64"))
            kept = state[self.prefix + item.keyword]
            kept.copy_(value.reshape(kept.shape))

    def scalars(self, group):
        found = {}
        for item in self.rule.hyperparameters:
            keyword, place = KEYWORD.match(item.keyword).groups()
            value = group.get(keyword, 0.0)
            found[item.symbol.name] = float(value if place is None else value[int(place)])
        return found


def plain(name, *, decay, count):
    """Return a rule's class."""
    options = {option.name: option.values for option in book.families()[name].options}
    offered = [value for value in ("coupled", "proximal") if value in options.get("decay", ())]
    rule = book.build(name, {"decay": offered[0]} if decay and offered else {})
    keywords = {}
    for item in rule.hyperparameters:
        keyword, place = KEYWORD.match(item.keyword).groups()
        if keyword != "weight_decay" or decay:
            keywords[keyword] = item.default if place is None else (*keywords.get(keyword, ()), item.default)
    added = decay and "weight_decay" not in keywords
    if added:
        keywords["weight_decay"] = 0.0
    parameters = [inspect.Parameter("params", inspect.Parameter.POSITIONAL_OR_KEYWORD)]
    parameters += [
        inspect.Parameter(keyword, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=default)
        for keyword, default in keywords.items()
    ]
    called = name_of(name, decay=decay, count=count)
    members = {
        "rule": rule,
        "added": added,
        "counts": count,
        "keywords": keywords,
        "__signature__": inspect.Signature(parameters),
        "__module__": __name__,
    }
    return type(called, (Plain,), members)


for family in FAMILIES:
    own = f"{name_of(family)}WithOwnNames"
    globals()[own] = type(own, (plain(family, decay=False, count="Tensor"),), {"prefix": "own "})
    for takes in (False, True):
        for kept in COUNTS:
            globals()[name_of(family, decay=takes, count=kept)] = plain(family, decay=takes, count=kept)
