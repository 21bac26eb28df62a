"""The parts of a schedule: closed form, recurrence, joints, or a state machine over metrics."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import sympy as sp

from spec.rule import Assignment, Hyperparameter, State


class WholeLogarithm(sp.Function):  # type: ignore[misc]
    """The largest integer i with ``base**i <= x``: the floor of a logarithm, without its rounding."""

    nargs = 2

    @classmethod
    def eval(cls, x: sp.Expr, base: sp.Expr) -> sp.Expr | None:
        """Know the logarithm of a whole power."""
        exponent = sp.powsimp(x).as_base_exp()
        if exponent[0] == base and exponent[1].is_integer:
            return exponent[1]
        if x == 1:
            return sp.S.Zero
        return None


@dataclass(frozen=True)
class Setting(Hyperparameter):
    """A hyperparameter of a schedule, with the values at which to look at it.

    Cases have a ``usual`` value or one ``between`` two; with neither, a number of steps or a share.
    ``limits`` are values at which a length is degenerate, ``edges`` those at which a factor is.  A curve has
    the ``shown`` value, or else the default; over very many steps something is left with the ``lasting`` one.
    It must not pass the setting with the keyword ``below``; a whole number that ``multiplies`` is no length.
    """

    usual: tuple[float, ...] = ()
    between: tuple[float, float] | None = None
    limits: tuple[float, ...] = ()
    edges: tuple[float, ...] = ()
    shown: float | None = None
    lasting: float | None = None
    below: str = ""
    multiplies: bool = False


def as_given(values: dict[str, float]) -> dict[str, float]:
    """Return settings of which each may be chosen by itself."""
    return values


@dataclass(frozen=True)
class Given:
    """A function of t that the user gives: a list of milestones to count, or factors.

    ``kind`` is ``milestones``, where the function counts those at or before t, or ``factor``.
    """

    function: sp.Function
    keyword: str
    kind: str
    meaning: str


@dataclass(frozen=True)
class Recurrence:
    """The learning rate from its predecessor: ``start`` at t = 0, then ``step`` of eta_(t-1) and t."""

    start: sp.Expr
    step: sp.Expr


@dataclass(frozen=True)
class Joint:
    """A time at which the formula changes, as an expression of the hyperparameters.

    With ``restart`` the learning rate jumps back there; a ``count`` above 1 repeats it for
    i = 0, 1, ... in the expression.
    """

    name: str
    time: sp.Expr
    restart: bool = False
    repeated: bool = False


@dataclass(frozen=True, eq=False)
class Machine:
    """A schedule over metrics: what it keeps, and how a metric changes that.

    ``program`` runs once per metric, top to bottom; ``metric`` is the value that it is given.
    """

    metric: sp.Symbol
    states: tuple[State, ...]
    program: tuple[Assignment, ...]


@dataclass(frozen=True, eq=False)
class Schedule:
    """One schedule with its options chosen: the learning rate at the step t, counted from 0.

    ``value`` is the closed form, a Piecewise of t; ``momentum`` the momentum that it cycles.
    Learning rates have the optimizer's units, times are steps of the scheduler.  A recurrence
    reads the predecessor as ``previous``.  Instead of a closed form it may be a ``machine``.
    """

    name: str
    options: Mapping[str, str]
    hyperparameters: tuple[Setting, ...]
    value: sp.Expr | None
    recurrence: Recurrence | None = None
    joints: tuple[Joint, ...] = ()
    given: tuple[Given, ...] = ()
    momentum: sp.Expr | None = None
    machine: Machine | None = None
    forms: Mapping[str, tuple[sp.Expr, sp.Expr | None]] = field(default_factory=dict)
    """Other ways to compute the closed form and its momentum, by name, proven equal."""
    per_group: tuple[str, ...] = ("lr",)
    """Keywords that may have a value for each parameter group."""
    consistent: Callable[[dict[str, float]], dict[str, float]] = as_given
    """Moves settings, by keyword, as little as keeps the joints in their order."""
    ends: str = ""
    """The keyword of the number of its steps, where it is over after them and has no further value."""

    @property
    def label(self) -> str:
        """The name followed by its options."""
        chosen = ", ".join(f"{name}={value}" for name, value in self.options.items())
        return f"{self.name}({chosen})" if chosen else self.name

    @property
    def follows_metrics(self) -> bool:
        """Tell whether it is a state machine over metrics."""
        return self.machine is not None

    @property
    def sets_base(self) -> bool:
        """Tell whether it sets the groups' own learning rate before the first step."""
        return "lr" not in self.per_group

    @property
    def closed(self) -> sp.Expr:
        """The closed form; raises ``ValueError`` for a schedule over metrics."""
        if self.value is None:
            raise ValueError(f"{self.name} follows metrics and has no closed form")
        return self.value

    @property
    def induction(self) -> Recurrence:
        """The recurrence; raises ``ValueError`` for a schedule that has none."""
        if self.recurrence is None:
            raise ValueError(f"{self.label} has no recurrence")
        return self.recurrence


t = sp.Symbol("t", integer=True, nonnegative=True)
"""The step of the scheduler, from 0: the learning rate at t is used by the optimizer's step t + 1."""
base = sp.Symbol("eta_0", nonnegative=True)
"""The learning rate that the optimizer was given."""
previous = sp.Symbol("eta", nonnegative=True)
"""The learning rate of the step before, in a recurrence."""
horizon = sp.Symbol("T", integer=True, positive=True)
lowest = sp.Symbol("eta_min", nonnegative=True)
gamma = sp.Symbol("gamma", positive=True)
