"""The profile of code of which nobody declared one: the narrowest legal one that explains its results."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from conformance.engine.drawing import draw
from conformance.engine.evidence import Failure, Tally
from conformance.optimizers import agreement, trajectory
from conformance.optimizers.agreement import Outside, Raised
from conformance.optimizers.cases import Case
from conformance.optimizers.found_profile import FoundProfile
from conformance.optimizers.prepared import Prepared, prepare
from conformance.optimizers.strategies import local_cases, trajectory_cases
from conformance.optimizers.subject import StepsRead, WorkerSubject
from impls.session import NotAsked, TargetError, WorkerFailure
from reference.formats import FLOAT64, Array
from reference.profile import COMPUTE, EITHER, NEAREST, STORAGE, Profile, compute_format
from reference.undefined import Undefined
from spec.derived_forms import derived_names, interpolates, proven
from spec.rule import TEXTBOOK, UpdateRule
from spec.symbols import lr, t

CASES, LEAST_CASES, ELEMENTS = 6, 2, 256
"""Cases on which a profile is looked for: of all variants together, of each, and the elements of one."""
MOST_LOOKS, MOST_FAILURES = 4, 4
"""How often a wider profile is looked for, and for how many failures of a cell."""
ASKED, FEW, SHARE = 4, 20, 0.2
"""Cases and places that are asked whether equal elements come out alike, of how many, and how many must not."""
LEVELS = (
    {"intermediate": COMPUTE, "coefficient": COMPUTE, "bound": COMPUTE},
    {"intermediate": STORAGE, "coefficient": COMPUTE, "bound": STORAGE},
    {"intermediate": STORAGE, "coefficient": STORAGE, "bound": STORAGE},
)
"""What is rounded to the format of the tensors, where a kernel computes in a wider one."""


@dataclass(frozen=True)
class Recorded:
    """A case, and what the code under test made of it."""

    subject: WorkerSubject
    case: Case
    prepared: tuple[Prepared, ...]
    outcome: StepsRead
    failures: tuple[Outside, ...] = ()
    """What is known to be outside of another profile."""

    def outside(self, profile: Profile, until: str = "") -> frozenset[str]:
        """Return the quantities of which a value is outside what a profile allows, or some with ``until``."""
        subject = self.subject.with_profile(profile)
        try:
            with np.errstate(all="ignore"):
                if self.case.steps > 1:
                    return trajectory.outside(self.case, self.prepared, self.outcome, subject, until)
                return agreement.outside(self.case, self.prepared, self.outcome, subject, self.failures, until)
        except Undefined:  # no form is left to compute these settings
            return frozenset(q.symbol.name for q in subject.rules[self.case.switches].quantities)

    def outside_still(self, profile: Profile, until: str) -> frozenset[str]:
        """Return quantities of which a value that failed under another profile is outside, or some with ``until``."""
        subject = self.subject.with_profile(profile)
        try:
            with np.errstate(all="ignore"):
                run = (self.case, self.prepared, self.outcome, subject, self.failures)
                found = agreement.outside_still(*run) if self.case.steps == 1 else iter(())
                return next((names for names in found if (until in names if until else names)), frozenset())
        except Undefined:
            return frozenset()

    def count_outside(self, profile: Profile) -> float:
        """Return how many values are outside what a profile allows."""
        tally, judge = Tally(), trajectory.judge if self.case.steps > 1 else agreement.judge
        try:
            with np.errstate(all="ignore"):
                judge(self.case, self.prepared, self.outcome, self.subject.with_profile(profile), tally)
        except Undefined:
            return float("inf")
        return tally.outside


def find(subject: WorkerSubject, found: FoundProfile, seed: int) -> None:
    """Look for the narrowest profile that explains what the subject makes of some cases."""
    found.seed = seed
    try:
        found.recorded += _record(subject, _cases(subject, seed))
        _look(subject, found)
    except WorkerFailure:  # the first property that meets it tells of it
        found.exhausted = True


def widen(subject: WorkerSubject, failures: Iterable[Failure]) -> bool:
    """Look for a wider profile that explains failures too; tell whether another one was found.

    Where no profile explains them the widest is taken: what is outside that no legal evaluation returns.
    """
    found = subject.found
    if found is None or found.exhausted:
        return False
    known = [f for f in failures if isinstance(f, Outside) and not isinstance(f, Raised)]
    cases = {id(f.case): f.case for f in known}
    before = found.profile
    found.looks += 1
    try:
        for item in _record(subject, list(cases.values())[:MOST_FAILURES]):
            failed = tuple(f for f in known if f.case is item.case)
            found.recorded.append(dataclasses.replace(item, failures=failed))
        _look(subject, found)
    except WorkerFailure:
        found.exhausted = True
    return found.profile != before


def _cases(subject: WorkerSubject, seed: int) -> Iterator[Case]:
    each = max(LEAST_CASES, CASES // len(subject.rules))
    for alone in subject.variants():
        if subject.hidden:
            yield from draw(trajectory_cases(alone.rules, alone.fixed, ELEMENTS), each, seed)
        else:
            cases = local_cases(alone.rules, alone.fixed, ELEMENTS, 1, rate_changes=subject.rate_changes)
            yield from draw(cases, each, seed)


def _record(subject: WorkerSubject, cases: Iterable[Case]) -> list[Recorded]:
    """Run cases, but for those that the subject refuses, or was not asked."""
    recorded = []
    for case in cases:
        prepared = prepare(case, subject.rules[case.switches], subject.storage)
        try:
            outcome = subject.run(case, prepared, every=case.steps > 1)
        except (TargetError, NotAsked):
            continue
        recorded.append(Recorded(subject, case, prepared, outcome))
    return recorded


def _look(subject: WorkerSubject, found: FoundProfile) -> None:
    """Take the narrowest profile that explains all that is recorded, or else the widest.

    Some forms lose as much as a lower precision would.  They are of the code and not of a format, so that
    these must explain results in float64 too.
    """
    search = Search(subject, list(found.recorded), found.base)
    profile = search.narrowest()
    if profile is None and search.may_interpolate:
        if subject.storage != FLOAT64 and not found.finer and FLOAT64.name in subject.path.dtypes:
            finer = dataclasses.replace(subject, storage=FLOAT64)
            found.finer += _record(finer, _cases(finer, found.seed))
        both = [*found.recorded, *found.finer]
        several = subject.storage == FLOAT64 or bool(found.finer)
        profile = Search(subject, both, found.base, every_form=True).narrowest() if several else None
    if profile is None:
        loose = dataclasses.replace(found.base, loose=frozenset({lr.name}))
        profile = Search(subject, list(found.recorded), loose).narrowest()
    if profile is None and found.base.stored == NEAREST and draws(found.recorded):
        found.base = dataclasses.replace(found.base, stored=EITHER, **LEVELS[0])  # type: ignore[arg-type]
        profile = Search(subject, list(found.recorded), found.base).narrowest()
    found.exhausted = profile is None or found.looks == MOST_LOOKS
    found.profile = profile or search.nearest(found.widest)
    in_double = dataclasses.replace(found.profile, single=frozenset())
    found.alternative = in_double if profile is None and found.profile.single else None


def draws(recorded: Sequence[Recorded]) -> bool:
    """Tell whether equal elements of a half format come out as different ones, of each many: rounded at random."""
    single = [item for item in recorded if item.case.steps == 1]
    return any(_comes_out_otherwise(item, place) for item in single[:ASKED] for place in range(ASKED))


def _comes_out_otherwise(item: Recorded, place: int) -> bool:
    """Tell whether a fifth of equal elements, those of one place of a case, are not what the most of them are."""
    subject, rule = item.subject, item.subject.rules[item.case.switches]
    if compute_format(subject.storage) == subject.storage or not rule.elementwise:
        return False
    alike = tuple(
        dataclasses.replace(
            each,
            values={name: _all_like(array, place) for name, array in each.values.items()},
            gradients=tuple(_all_like(array, place) for array in each.gradients),
        )
        for each in item.prepared
    )
    try:
        outcome = subject.run(item.case, alike)
    except (TargetError, NotAsked):
        return False
    for tensor in outcome.steps[-1]:
        stored = tensor.values[rule.parameter.symbol.name]
        counts = np.unique(stored.astype(FLOAT64.work), return_counts=True)[1] if stored is not None else np.ones(1)
        if counts.sum() >= FEW and counts.max() <= (1.0 - SHARE) * counts.sum():
            return True
    return False


def _all_like(array: Array, place: int) -> Array:
    return np.full_like(array, array.flat[place % array.size]) if array.size else array


@dataclass
class Search:
    """Looks for the narrowest of the profiles within ``base`` that explains what was recorded.

    Without ``every_form`` those are left out that lose as much as a lower precision would.
    """

    subject: WorkerSubject
    recorded: list[Recorded]
    base: Profile
    every_form: bool = False
    blocked: set[str] = field(default_factory=set)
    """Quantities that no profile explained."""

    @property
    def may_interpolate(self) -> bool:
        """Tell whether a form that was left out computes a quantity that nothing explained."""
        names = self._names(self.blocked, derived=True, every=True)
        return not self.every_form and any(interpolates(name) for name in names)

    def narrowest(self) -> Profile | None:
        """Return it, or nothing where no legal profile explains everything."""
        plain = dataclasses.replace(self.base, forms=frozenset())
        half = compute_format(self.subject.storage) != self.subject.storage
        for single in self._singles():
            if not self._promising(dataclasses.replace(self.base, single=single)):
                continue
            for level in LEVELS if half else LEVELS[1:2]:
                profile = self._grown(dataclasses.replace(plain, single=single, **level))  # type: ignore[arg-type]
                if profile is not None:
                    return profile
        return None

    def nearest(self, widest: Profile) -> Profile:
        """Return the widest profile with those scalars as float32 tensors that leave the fewest values outside.

        None of them accuses a quantity that is inside without them.  In float64 they would be computed in less
        than the format itself has: there none are.
        """
        if self.subject.storage == FLOAT64:
            return widest
        wide = [dataclasses.replace(widest, single=single) for single in self._singles()]
        outside = [frozenset().union(*(item.outside(profile) for item in self.recorded)) for profile in wide]
        wide = [profile for profile, names in zip(wide, outside, strict=True) if names <= outside[0]]
        return min(wide, key=lambda profile: sum(item.count_outside(profile) for item in self.recorded))

    def _singles(self) -> Iterator[frozenset[str]]:
        """Yield which scalars may be float32 tensors: none, the step count, the learning rate, both, all."""
        count, rate = t.name, lr.name
        every = {h.symbol.name for rule in self._rules() for h in rule.hyperparameters}
        for names in (set[str](), {count}, {rate}, {count, rate}, every, every | {count}):
            yield frozenset(names)

    def _promising(self, wide: Profile) -> bool:
        """Tell whether every form together explains what failed and the first case, which refuted other profiles."""
        outside = self._still(wide) or self._outside(wide, most=1)
        if not outside:
            return True
        quantity = self._first(outside)
        every = dataclasses.replace(wide, derived=frozenset(self._names([quantity], derived=True)))
        if self._still(every, quantity) or quantity in self._outside(every, quantity, most=1):
            self.blocked.add(quantity)
            return False
        return True

    def _first(self, outside: frozenset[str]) -> str:
        return next(name for name in self._quantities() if name in outside)

    def _grown(self, profile: Profile) -> Profile | None:
        """Return the profile with the forms that each quantity needs, in the order in which they are computed."""
        tried: set[str] = set()
        while outside := self._outside(profile):
            quantity = self._first(outside)
            found = None if quantity in tried else self._explaining(profile, quantity)
            if found is None:
                self.blocked.add(quantity)
                return None
            tried.add(quantity)
            profile = found
        return profile

    def _explaining(self, profile: Profile, quantity: str) -> Profile | None:
        """Return the profile with the fewest forms by which a quantity is inside."""
        written, derived = (self._names([quantity], derived=of) for of in (False, True))
        further = [name for name in written if name not in profile.forms]
        singly = (dataclasses.replace(profile, forms=profile.forms | {name}) for name in further)
        found = next((each for each in singly if self._explains(each, quantity)), None)
        if found is not None:
            return found
        forms = profile.forms | {TEXTBOOK, *further}
        widest = dataclasses.replace(profile, forms=forms, derived=profile.derived | set(derived))
        if self._still(widest, quantity) or quantity in self._outside(widest, quantity):
            return None
        several = (p for p in self._several(profile, further, derived) if self._explains(p, quantity))
        return next(several, None) or (widest if self._proven(widest) else None)

    def _explains(self, profile: Profile, quantity: str) -> bool:
        return quantity not in self._outside(profile, quantity) and self._proven(profile)

    def _several(self, profile: Profile, written: list[str], derived: list[str]) -> Iterator[Profile]:
        """Yield the profile with ever more forms: a derived one, two of a sort, all written ones with a derived one."""
        for name in derived:
            yield dataclasses.replace(profile, derived=profile.derived | {name})
        for pair in itertools.combinations((TEXTBOOK, *written), 2):
            yield dataclasses.replace(profile, forms=profile.forms | set(pair))
        for pair in itertools.combinations([name for name in derived if interpolates(name)], 2):
            yield dataclasses.replace(profile, derived=profile.derived | set(pair))
        forms = profile.forms | {TEXTBOOK, *written}
        yield dataclasses.replace(profile, forms=forms)
        for name in derived:
            yield dataclasses.replace(profile, forms=forms, derived=profile.derived | {name})

    def _outside(self, profile: Profile, until: str = "", most: int | None = None) -> frozenset[str]:
        """Return the quantities that are outside in the first case in which any is, or ``until`` is."""
        for place, item in enumerate(self.recorded[:most]):
            found = item.outside(profile, until)
            if found and (not until or until in found):
                self.recorded.insert(0, self.recorded.pop(place))  # what refuted one profile may refute the next
                return found
        return frozenset()

    def _still(self, profile: Profile, until: str = "") -> frozenset[str]:
        """Return quantities of which a value that is known to fail is outside, ``until`` among them: soon told."""
        found = (item.outside_still(profile, until) for item in self.recorded)
        return next((names for names in found if names), frozenset())

    def _proven(self, profile: Profile) -> bool:
        """Tell whether SymPy proves every derived form of a profile."""
        return all(proven(rule, name) for rule in self._rules() for name in profile.derived)

    def _rules(self) -> Iterable[UpdateRule]:
        return self.subject.rules.values()

    def _quantities(self) -> list[str]:
        """Return the quantities in the order in which the program computes them."""
        targets = {q.updated: q.symbol.name for rule in self._rules() for q in rule.quantities}
        order = (targets[line.target] for rule in self._rules() for line in rule.program if line.target in targets)
        return list(dict.fromkeys(order))

    def _names(self, quantities: Iterable[str], *, derived: bool, every: bool = False) -> list[str]:
        """Return the forms, written or derived ones, of the lines by which quantities are computed."""
        names: dict[str, None] = {}
        for rule in self._rules():
            targets = {q.updated for q in rule.quantities}
            needed = {q.updated for q in rule.quantities if q.symbol.name in quantities}
            for line in reversed(rule.program):
                if line.target in needed:
                    needed |= line.expression.free_symbols - targets
                    of_line = derived_names(line) if derived else [f.name for f in line.forms if not f.by_name]
                    names |= dict.fromkeys(of_line)
        return [name for name in names if every or self.every_form or not interpolates(name)]
