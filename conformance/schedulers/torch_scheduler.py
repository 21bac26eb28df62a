"""A torch scheduler of a closed form, as the source of a class."""

from __future__ import annotations

import textwrap

import sympy as sp
from sympy.core.function import AppliedUndef
from sympy.printing.pycode import PythonCodePrinter

from spec.rule import Domain
from spec.schedule import Schedule, Setting, WholeLogarithm, base, t
from spec.schedule_forms import RepeatedProduct

CLASS = "Schedule"
LR, COUNT = sp.Symbol("lr"), sp.Symbol("t")
EVERY_GROUP = "self.rate(lr, self.last_epoch) for lr in self.base_lrs"
"""How a class that is written here asks for the learning rate of each group."""
SOURCE = '''"""{what}."""

import math

from torch.optim.lr_scheduler import LRScheduler


class {name}(LRScheduler):
    """{what}."""

    def __init__(self, optimizer, {signature}last_epoch=-1):
{checks}
{kept}
        self.loaded = False
        super().__init__(optimizer, last_epoch)

    def load_state_dict(self, state_dict):
        super().load_state_dict(state_dict)
        self.loaded = True

    def rate(self, lr, t):
{named}
        return {value}

    def get_lr(self):
        return [{every}]

    def _get_closed_form_lr(self):
        return self.get_lr()

    def add_group(self):
        groups = self.optimizer.param_groups
        self.base_lrs += [group.setdefault("initial_lr", group["lr"]) for group in groups[len(self.base_lrs) :]]

    def step(self, epoch=None):
        self.add_group()
        super().step(epoch)
'''


class NoClosedFormError(ValueError):
    """A schedule that is no closed form of numbers."""


def written(schedule: Schedule, what: str, wrong: Schedule | None = None, condition: str = "") -> str:
    """Return the source of a module whose class ``Schedule`` has a schedule's closed form.

    It has that of a ``wrong`` one where a ``condition``, on names of the class, holds.
    Raises ``NoClosedFormError`` for one that follows metrics, is given functions, or has settings for each group.
    """
    if schedule.value is None or schedule.given or schedule.per_group != ("lr",) or schedule.ends:
        raise NoClosedFormError(f"{schedule.label} is no closed form of numbers that holds for every group")
    settings = [item for item in schedule.hyperparameters if item.symbol != base]
    text = _text(schedule.value, settings)
    if wrong is not None and wrong.value is not None:
        text = f"{_text(wrong.value, settings)} if {condition} else {text}"
    return SOURCE.format(
        what=what,
        name=CLASS,
        signature="".join(f"{item.keyword}={item.default!r}, " for item in settings),
        checks=_indented(*(_check(item) for item in settings)),
        kept=_indented(*(f"self.{item.keyword} = {item.keyword}" for item in settings)),
        named=_indented(*(f"{item.keyword} = self.{item.keyword}" for item in settings)),
        value=text,
        every=EVERY_GROUP,
    )


def _indented(*texts: str) -> str:
    return textwrap.indent("\n".join(texts) or "pass", " " * 8)


def _check(item: Setting) -> str:
    return f"if not ({_within(item.keyword, item.domain)}):\n    {_refusal(item)}"


def _within(name: str, domain: Domain) -> str:
    low = "<" if domain.low_open else "<="
    high = "<" if domain.high_open or domain.high == float("inf") else "<="
    return f"float({str(domain.low)!r}) {low} {name} {high} float({str(domain.high)!r})"


def _refusal(item: Setting) -> str:
    return f'raise ValueError(f"{item.keyword}={{{item.keyword}}} is not in {item.domain}")'


class _Printer(PythonCodePrinter):  # type: ignore[misc]
    """Writes the remainder and what SymPy holds back from evaluation."""

    def _print_UnevaluatedExpr(self, expression: sp.Basic) -> str:  # noqa: N802 - SymPy finds it by the name
        return f"({self._print(expression.args[0])})"


def _text(value: sp.Expr, settings: list[Setting]) -> str:
    if value.atoms(AppliedUndef, WholeLogarithm, RepeatedProduct, sp.Product):
        raise NoClosedFormError("a function of t is no operation on numbers")
    names = {item.symbol: sp.Symbol(item.keyword) for item in settings} | {base: LR, t: COUNT}
    return str(_Printer({"fully_qualified_modules": True}).doprint(value.xreplace(names)))
