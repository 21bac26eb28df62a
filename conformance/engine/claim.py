"""What the engine asks of a claim, of a subject, and of the kind of cases that a claim has."""

from __future__ import annotations

from collections.abc import Callable, Generator, Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from conformance.engine.coverage import Coverage
from conformance.engine.evidence import Evidence, Exhibit, Failure, Stop, Tally
from conformance.engine.ledger import Entry
from conformance.engine.power import Power
from conformance.engine.verdict import Cell, Level
from impls.session import Session

Moves = Generator[Any, Any, None]
"""Yields simpler cases, and is sent the failure of each that still fails, or None."""


def unexplained(_: Failure) -> bool:
    """Return False: no known deviation explains the failure."""
    return False


@dataclass
class Patience:
    """What may still be spent on making failures simpler: trials, and seconds where each takes long."""

    trials: int = 1500
    seconds: float = 60.0
    unasked: int = 0
    """Simpler cases that could not be asked."""

    @property
    def over(self) -> bool:
        """Tell whether nothing more may be tried."""
        return self.trials <= 0 or self.seconds <= 0.0

    def spend(self, seconds: float) -> None:
        """Take off one trial and the seconds that it took."""
        self.trials -= 1
        self.seconds -= seconds


@dataclass
class Plan:
    """How hard a claim is tested: number of cases, elements of a large tensor, and the seed of all.

    ``power`` takes samples for mutants; with ``steer`` further cases are drawn for those that no case has
    killed.  ``least`` are element-cases to decide: large tensors follow until there are as many.
    ``explained`` tells whether a known deviation explains a failure.  ``patience`` is that of all findings
    of a unit together.
    """

    cases: int
    size: int
    seed: int
    power: Power | None = None
    steer: bool = False
    least: int = 0
    explained: Callable[[Failure], bool] = unexplained
    credit: str = ""
    """The cell to which killed mutants are credited."""
    patience: Patience = field(default_factory=Patience)
    coverage: Coverage | None = None
    """What the cases show of each part of the formula, where that is measured."""


ONE_CASE = Plan(1, 1, 0)
"""The plan of a case that is judged by itself."""


class Subject(Protocol):
    """Code that is judged: an implementation on one path, in one format, reached through a session."""

    @property
    def session(self) -> Session:
        """The worker in which it runs."""

    @property
    def library(self) -> str:
        """The package that ships it."""

    @property
    def own(self) -> bool:
        """Whether it is an entry of the catalogue of torch, of which every deviation must still show."""

    @property
    def printed_profile(self) -> str:
        """What may legally differ in its arithmetic, in words."""

    def cell(self, claim: str) -> Cell:
        """Return the cell of a claim."""

    def kin(self, claim: str) -> tuple[Cell, ...]:
        """Return the cells of the claim whose known deviations may be its own: its own, and those that it extends."""

    def beside(self, entry: Entry) -> Any:
        """Return the subject with the entry's wider profile, ranks and domains."""


class Claim(Protocol):
    """Something that is so or not of a subject."""

    @property
    def identifier(self) -> str:
        """Chapter and name, as in ``state/round-trip``."""

    @property
    def sentence(self) -> str:
        """What is so, in words."""

    @property
    def source(self) -> str:
        """Who says that it is so."""

    @property
    def level(self) -> Level:
        """Whether breaking it makes results wrong or lost, or only mistakes easier."""

    def unpromised(self, subject: Any) -> str:
        """Return why nobody promises it of a subject, of which it then only should hold, or nothing."""

    @property
    def share(self) -> float:
        """Its number of cases, relative to local agreement."""

    @property
    def measures_power(self) -> bool:
        """Whether mutants are tried on its cases."""

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods in which a breach is written, the likeliest first."""

    @property
    def kind(self) -> Kind:
        """What its cases are."""

    def concerns(self, subject: Any) -> bool:
        """Tell whether it is about this sort of subject at all; if not it makes no cell."""

    def applies(self, subject: Any) -> str:
        """Return why it does not apply, or nothing."""

    def judge(self, subject: Any, plan: Plan) -> Evidence:
        """Judge listed and drawn cases."""

    def run(self, subject: Any, case: Any, tally: Tally, plan: Plan) -> None:
        """Judge one case; raises ``TargetError`` or ``WorkerFailure`` where the subject stops."""

    def replayed_as(self, entry: Entry) -> Claim:
        """Return the claim in which a known deviation shows best."""


@dataclass(frozen=True)
class Told:
    """What a finding says of a failure: the formula's line, the case, what is legal and what came."""

    quantity: str
    table: Mapping[str, Any]
    legal: tuple[str, str]
    value: str
    legal_hex: tuple[str, str] = ("", "")
    value_hex: str = ""
    distance: str = ""
    explanation: str = ""
    line: tuple[str, str, str] = ("", "", "")
    """Name, text and MathML of the formula's line."""


class Kind(Protocol):
    """A kind of case: how it is stored, made simpler, explained and turned into a script."""

    @property
    def name(self) -> str:
        """The name under which stored cases are filed."""

    @property
    def most_findings(self) -> int:
        """Findings of one cell; further ones are of the same sort."""

    def write(self, case: Any) -> dict[str, Any]:
        """Return a case as JSON-ready data."""

    def read(self, plain: Mapping[str, Any]) -> Any:
        """Return the case that was written; raises ``ValueError`` for what is none."""

    def fits(self, subject: Any, claim: Any, case: Any) -> bool:
        """Tell whether a stored case is one of the claim's and of what the subject has."""

    def stopped(self, subject: Any, stop: Stop) -> Failure | None:
        """Return the failure that a stop is, or nothing where it has no case."""

    def moves(self, subject: Any, claim: Any, failure: Any) -> Moves:
        """Propose simpler cases."""

    def trials(self, subject: Any, failure: Any) -> int:
        """Return how many simpler cases are tried."""

    def confirms(self, subject: Any, claim: Any, failure: Any) -> str:
        """Return how a second, exact computation confirms a failure; nothing where it does not."""

    def tell(self, subject: Any, claim: Any, failure: Any) -> Told:
        """Return what a finding says."""

    def script(self, subject: Any, claim: Any, failure: Any) -> str:
        """Return the standalone script that shows a failure."""


class Unit(Protocol):
    """What one process judges in one go: the claims of one subject."""

    @property
    def label(self) -> str:
        """The unit in a line, as progress shows it."""

    @property
    def properties(self) -> tuple[str, ...]:
        """Identifiers of the claims that are judged."""

    @property
    def chapter(self) -> str:
        """Which claims: those of ``optimizers`` or of ``schedulers``."""

    @property
    def python(self) -> str | None:
        """The interpreter of the worker; None is this one."""

    @property
    def timeout(self) -> float:
        """Seconds that one answer of the worker may take."""

    @property
    def memory(self) -> int:
        """Bytes that the worker may allocate."""

    @property
    def levels(self) -> Mapping[str, Level]:
        """The levels that somebody chose for claims, by identifier."""

    def cell(self, claim: str) -> Cell:
        """Return the cell of a claim."""

    def subject(self, session: Session) -> Any:
        """Return the subject; raises ``NotRunError`` where it cannot be run here."""

    def plan(self, claim: Claim, power: Power) -> Plan:
        """Return how hard a claim is tested."""

    def power(self) -> Power:
        """Return the power of a unit that has judged nothing."""

    def exhibits(self, subject: Any) -> Iterator[Exhibit]:
        """Yield what the report shows besides verdicts."""


class NotRunError(Exception):
    """A subject cannot be run here; the message says why."""


def level_of(claim: Claim, subject: Any) -> Level:
    """Return the level at which a claim holds of a subject."""
    return Level.SHOULD if claim.unpromised(subject) else claim.level


def first_of_each(failures: list[Any], most: int) -> list[Any]:
    """Return the first failure of each likeness, no more than ``most``."""
    first: dict[Hashable, Any] = {}
    for failure in failures:
        first.setdefault(failure.likeness, failure)
    return list(first.values())[:most]
