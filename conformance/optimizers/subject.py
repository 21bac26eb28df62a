"""What is judged: an implementation on one path, in one format, reached through a session."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from conformance.engine.ledger import Entry
from conformance.engine.verdict import Cell
from conformance.optimizers.cases import Case
from conformance.optimizers.found_profile import FoundProfile
from conformance.optimizers.prepared import Prepared
from conformance.optimizers.rule_variants import narrowed, rules_by_switches
from conformance.optimizers.scalar_terms import value_of
from conformance.optimizers.setting_names import ON_OPTIMIZER, constructor_setting, placed, written
from impls.catalogue.entries import Ends, ExecutionPath, Implementation
from impls.catalogue.torch_optimizers import CATALOGUE
from impls.session import Session, TargetError
from reference.formats import FORMATS, Array, Format
from reference.profile import Profile
from spec.derived_forms import with_derived_forms
from spec.rule import Hyperparameter, UpdateRule
from spec.symbols import g, lr

SINGLE, UNNAMED = "single-tensor", "default"
"""The path that torch takes on the host where none is chosen, and that of a class that offers none."""
NEGATED = "-"
"""Stands before the key of a state that is kept with the other sign."""


@dataclass(frozen=True)
class TensorOutcome:
    """One tensor after a step: parameter and states by symbol (None where absent), and its count."""

    values: Mapping[str, Array | None]
    count: float | None


@dataclass(frozen=True)
class StepsRead:
    """What a run returned: for each step that was read, for each tensor, its values."""

    steps: tuple[tuple[TensorOutcome, ...], ...]
    step_seconds: float
    state_formats: Mapping[str, Format]


class RuleSubject(Protocol):
    """One path of one implementation in one format."""

    @property
    def storage(self) -> Format:
        """The format of the parameters."""

    @property
    def profile(self) -> Profile:
        """What may legally differ in its arithmetic."""

    @property
    def rules(self) -> Mapping[tuple[str, ...], UpdateRule]:
        """The rule that it claims, for every combination of switches."""

    @property
    def fixed(self) -> Mapping[str, float]:
        """Hyperparameters, by symbol, that cannot be set."""

    @property
    def keeps_rest(self) -> bool:
        """Whether parameters are stepped with more than they show: a master weight, or what rounding lost."""

    @property
    def hidden(self) -> frozenset[str]:
        """States, by symbol, that it does not show."""

    @property
    def counted(self) -> bool:
        """Whether its count of steps can be read."""

    def run(self, case: Case, prepared: tuple[Prepared, ...], *, every: bool = False) -> StepsRead:
        """Make the steps of a case; raises ``TargetError`` or ``WorkerFailure``."""


@dataclass(frozen=True)
class WorkerSubject:
    """An implementation that runs in a worker."""

    implementation: Implementation
    path: ExecutionPath
    device: str
    storage: Format
    session: Session
    declared: Profile
    rules: Mapping[tuple[str, ...], UpdateRule]
    fixed: Mapping[str, float]
    found: FoundProfile | None = None

    @property
    def profile(self) -> Profile:
        """What may legally differ in its arithmetic: as declared, or as found."""
        return self.declared if self.found is None else self.found.profile

    @property
    def widest_profile(self) -> Profile:
        """The profile with every written form, where it was found: another regime may need it."""
        return self.declared if self.found is None else self.found.widest

    @property
    def hidden(self) -> frozenset[str]:
        """States, by symbol, that have a part in a step and that the implementation does not show."""
        states = {s.symbol.name: s.keyword for rule in self.rules.values() for s in rule.states}
        keys, idle = self.implementation.states, self.implementation.idle_states
        return frozenset(name for name, keyword in states.items() if keys.get(keyword) == "" and keyword not in idle)

    @property
    def keeps_rest(self) -> bool:
        """Whether parameters are stepped with more than they show."""
        return self.storage.name in self.implementation.rests

    @property
    def unreadable(self) -> str:
        """Why its state cannot be read, or nothing."""
        hidden = ", ".join(sorted(self.hidden))
        return f"it does not show its state ({hidden})" if hidden else ""

    @property
    def counted(self) -> bool:
        """Tell whether the implementation counts steps where a test can read them."""
        return self.implementation.counter is not None

    @property
    def library(self) -> str:
        """The package that ships the implementation."""
        return self.implementation.library

    @property
    def own(self) -> bool:
        """Tell whether it is an entry of the catalogue of torch."""
        return self.implementation in CATALOGUE

    def refuses(self, error: TargetError) -> bool:
        """Tell whether a case is one that code of which nobody declared the domain does not take.

        What the catalogue declares to be taken is taken, or that is a finding.
        """
        return error.is_refusal and not self.implementation.declared

    @property
    def printed_profile(self) -> str:
        """What may legally differ in its arithmetic, in words."""
        return f"{'found: ' if self.found else ''}{self.profile}"

    def cell(self, claim: str) -> Cell:
        """Return the cell of a property."""
        return Cell(self.implementation.identifier, self.path.name, self.device, self.storage.name, claim)

    def kin(self, claim: str) -> tuple[Cell, ...]:
        """Return the cell of a property, and those of the catalogued classes of which it is a subclass."""
        own = self.cell(claim)
        path = SINGLE if own.path == UNNAMED else own.path
        return own, *(dataclasses.replace(own, implementation=name, path=path) for name in self.implementation.extends)

    def variants(self) -> Iterator[WorkerSubject]:
        """Yield the subject once for each variant of its rule, with that one alone."""
        yield from (dataclasses.replace(self, rules={key: rule}) for key, rule in self.rules.items())

    def beside(self, entry: Entry) -> WorkerSubject:
        """Return the subject with a ledger entry's wider profile, ranks and domains."""
        wider = self.with_profile(self.profile.widened(entry.profile)) if entry.profile else self
        wider = wider.with_ranks(*entry.ranks) if entry.ranks else wider
        return wider.with_domains(entry.domains) if entry.domains else wider

    def with_profile(self, profile: Profile) -> WorkerSubject:
        """Return the same subject judged under another profile."""
        return dataclasses.replace(self, declared=profile, found=None)

    def with_ranks(self, least: int, most: int) -> WorkerSubject:
        """Return the same subject judged on tensors of so many dimensions."""
        rules = {key: narrowed(rule, {}, (least, most)) for key, rule in self.rules.items()}
        return dataclasses.replace(self, rules=rules)

    def with_domains(self, domains: Mapping[str, Ends]) -> WorkerSubject:
        """Return the same subject judged with settings, by keyword, within narrower ranges."""
        rules = {switches: narrowed(rule, domains) for switches, rule in self.rules.items()}
        return dataclasses.replace(self, rules=rules)

    def keyword(self, item: Hyperparameter) -> tuple[str, int | None]:
        """Return the setting by which the implementation calls a hyperparameter, and the place in it."""
        return placed(self.implementation.keywords.get(item.keyword, (item.keyword,))[0])

    def held_keyword(self, item: Hyperparameter) -> tuple[str, int | None]:
        """Return what a param group calls a hyperparameter, and the place in it; its keyword where it has none."""
        return placed(self._held.get(item.keyword, (item.keyword,))[0])

    def held_options(self, rule: UpdateRule, hyperparameters: Mapping[str, float]) -> dict[str, Any]:
        """Return hyperparameters as ``renamed`` takes them: by the names that param groups have for them."""
        return self._settings(rule, hyperparameters, self._held)

    @property
    def _held(self) -> Mapping[str, tuple[str, ...]]:
        places = self.implementation.in_groups.items()
        own = {keyword: names for keyword, names in places if names and not names[0].startswith(ON_OPTIMIZER)}
        return {**self.implementation.keywords, **own}

    @property
    def renamed(self) -> dict[str, str]:
        """The constructor's keyword for each name that param groups have for a setting, where they differ."""
        keywords, held = self.implementation.keywords, self._held
        pairs = ((held[keyword][0], keywords.get(keyword, (keyword,))[0]) for keyword in held)
        return {name: own for name, own in pairs if name != own}

    def options(self, rule: UpdateRule, hyperparameters: Mapping[str, float]) -> dict[str, Any]:
        """Return hyperparameters as the settings of the constructor."""
        return self._settings(rule, hyperparameters, self.implementation.keywords)

    def group_options(self, rule: UpdateRule, hyperparameters: Mapping[str, float]) -> dict[str, Any]:
        """Return hyperparameters as the settings of a param group, without those that are given once."""
        return self._settings(rule, hyperparameters, {**self.implementation.keywords, **self.implementation.in_groups})

    def _settings(
        self, rule: UpdateRule, hyperparameters: Mapping[str, float], keywords: Mapping[str, tuple[str, ...]]
    ) -> dict[str, Any]:
        free = {name: value for name, value in hyperparameters.items() if name not in self.fixed}
        settings = written(rule.hyperparameters, free, keywords)
        return settings | {name: None for name in self.implementation.absent if settings.get(name) == 0.0}

    @property
    def given_once(self) -> frozenset[str]:
        """Settings, by symbol, that all groups share."""
        shared = {
            keyword
            for keyword, places in self.implementation.in_groups.items()
            if all(place.startswith(ON_OPTIMIZER) for place in places)
        }
        return self._symbols(shared)

    @property
    def apart(self) -> bool:
        """Tell whether groups with settings of their own need optimizers of their own."""
        return bool(self.given_once or self.implementation.calling.get("flat"))

    @property
    def constant(self) -> frozenset[str]:
        """Settings, by symbol, that cannot be changed between steps."""
        return self._symbols({keyword for keyword, places in self.implementation.in_groups.items() if not places})

    @property
    def rate_changes(self) -> bool:
        """Tell whether the learning rate can be changed between steps."""
        return lr.name not in {*self.fixed, *self.constant}

    def _symbols(self, keywords: set[str]) -> frozenset[str]:
        named = {h.keyword: h.symbol.name for rule in self.rules.values() for h in rule.hyperparameters}
        return frozenset(named[keyword] for keyword in keywords if keyword in named)

    def keys(self, rule: UpdateRule) -> dict[str, str]:
        """Return the key of each state that is shown, by symbol."""
        named = {s.symbol.name: self.implementation.states.get(s.keyword, s.keyword) for s in rule.states}
        return {symbol: key.removeprefix(NEGATED) for symbol, key in named.items() if key}

    def negated(self, rule: UpdateRule) -> set[str]:
        """Return the states, by symbol, that the implementation keeps with the other sign."""
        keys = self.implementation.states
        return {s.symbol.name for s in rule.states if keys.get(s.keyword, "").startswith(NEGATED)}

    def request(self, case: Case, prepared: tuple[Prepared, ...], *, every: bool) -> dict[str, Any]:
        """Return the header of the request that runs a case."""
        rule = self.rules[case.switches]
        changes = case.changes or ({},) * case.steps
        return {
            "op": "run" if self.implementation.framework == "torch" else f"run_{self.implementation.framework}",
            "target": self.implementation.target,
            "device": self.device,
            "dtype": self.storage.name,
            "constructor": {
                **self.options(rule, case.groups[0].hyperparameters),
                **self.path.constructor,
                **dict(constructor_setting(switch) for switch in case.switches),
            },
            "groups": [
                {
                    "options": self.group_options(rule, group.hyperparameters),
                    "constructor": self.options(rule, group.hyperparameters),
                    "tensors": [
                        {"shape": list(item.shape), "count": item.count} for item in prepared if item.group == index
                    ],
                }
                for index, group in enumerate(case.groups)
            ],
            "states": [*self.keys(rule).values(), *self.implementation.derived],
            "state_dtypes": {
                **{key: "float64" for state, key in self.keys(rule).items() if state in _numbers(rule)},
                **dict.fromkeys(self.implementation.derived, "float64"),
            },
            "counter": self.implementation.counter,
            "counters_beside": list(self.implementation.counters_beside),
            "played": self.implementation.played,
            "once": self.apart,
            "calling": dict(self.implementation.calling),
            "compiled": self.path.compiled,
            "gradient": self.implementation.gradient,
            "steps": [
                {"options": [self.group_options(rule, change)] * len(case.groups)} if change else {}
                for change in changes
            ],
            "read": "every" if every else "last",
        }

    def run(self, case: Case, prepared: tuple[Prepared, ...], *, every: bool = False) -> StepsRead:
        """Make the steps of a case in the worker."""
        rule = self.rules[case.switches]
        buffers = self.buffers(case, prepared)
        answer = self.session.request(self.request(case, prepared, every=every), buffers)
        return self._outcome(answer.header, answer.buffers, rule, self.keys(rule), len(prepared))

    def buffers(self, case: Case, prepared: tuple[Prepared, ...]) -> list[bytes]:
        """Return what goes with the request that runs a case: values, states and gradients, in its order."""
        rule = self.rules[case.switches]
        keys, negated = self.keys(rule), self.negated(rule)
        buffers: list[bytes] = []
        for item in prepared:
            buffers.append(item.values[rule.parameter.symbol.name].tobytes())
            if item.count > 0:
                buffers += [
                    (-item.values[symbol] if symbol in negated else item.values[symbol]).tobytes() for symbol in keys
                ]
                ahead = self.ahead(rule, case.groups[item.group].hyperparameters, item)
                buffers += [np.float64(value).tobytes() for value in ahead.values()]
        for step in range(case.steps):
            buffers += [item.gradients[step].tobytes() for item in prepared]
        return buffers

    def ahead(self, rule: UpdateRule, hyperparameters: Mapping[str, float], item: Prepared) -> dict[str, float]:
        """Return, by key, the values of scalar lines that the implementation precomputes for the next step."""
        scalars = {**hyperparameters, "t": item.count + 1.0}
        derived = self.implementation.derived
        return {key: value_of(rule, name, scalars) for key, name in derived.items()}

    def _outcome(
        self,
        header: Mapping[str, Any],
        buffers: Iterable[memoryview],
        rule: UpdateRule,
        keys: Mapping[str, str],
        tensors: int,
    ) -> StepsRead:
        queue = iter(buffers)
        negated = self.negated(rule)
        formats = {symbol: FORMATS[header["state_dtypes"].get(key, self.storage.name)] for symbol, key in keys.items()}
        steps = []
        for counts in header["counts"]:
            outcomes = []
            for index in range(tensors):
                buffer = next(queue)
                values: dict[str, Array | None] = {
                    rule.parameter.symbol.name: np.frombuffer(buffer, self.storage.dtype)
                }
                for symbol in keys:
                    state = next(queue)
                    present = len(state) > 0 or len(buffer) == 0
                    values[symbol] = np.frombuffer(state, formats[symbol].dtype) if present else None
                    if present and symbol in negated:
                        values[symbol] = -np.frombuffer(state, formats[symbol].dtype)
                for _ in self.implementation.derived:
                    next(queue)
                count = counts[index]
                outcomes.append(TensorOutcome(values, None if count is None else float(count)))
            steps.append(tuple(outcomes))
        return StepsRead(tuple(steps), float(header["step_seconds"]), formats)


def _numbers(rule: UpdateRule) -> set[str]:
    return {state.symbol.name for state in rule.states if state.scalar}


def worker_subject(
    implementation: Implementation, path: ExecutionPath, device: str, storage: Format, session: Session
) -> WorkerSubject:
    """Return the subject for one cell of the catalogue."""
    rules = {
        switches: narrowed(rule, implementation.domains) for switches, rule in rules_by_switches(implementation).items()
    }
    symbols = {h.keyword: h.symbol.name for rule in rules.values() for h in rule.hyperparameters}
    fixed = {symbols[key]: value for key, value in implementation.fixed.items() if key in symbols}
    profile = Profile.from_mapping(path.profile, implementation.rule).on(storage)
    found = None
    if not path.declared:
        rules, found = {key: with_derived_forms(rule) for key, rule in rules.items()}, FoundProfile(profile, profile)
    subject = WorkerSubject(implementation, path, device, storage, session, profile, rules, fixed, found)
    return subject.with_ranks(*implementation.ranks) if implementation.ranks else subject


GRADIENT = g.name
