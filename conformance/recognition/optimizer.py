"""Makes the catalogue entry of an unknown optimizer from its signature and two trial steps."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import sympy as sp

from conformance.catalogue.catalogued import entries
from conformance.optimizers.scalar_terms import MADE, scalar_terms
from conformance.optimizers.setting_names import constructor_setting
from conformance.optimizers.subject import NEGATED
from conformance.recognition.constructor import (
    NOTHING_TOLD,
    NotJudgeableError,
    Stated,
    check,
    keywords_of,
    setting_name,
    signature_of,
)
from conformance.recognition.counts import decisive
from conformance.recognition.domain import within_its_domain
from conformance.recognition.idle_states import idle_states
from conformance.recognition.kept_numbers import kept_numbers
from conformance.recognition.leftovers import untried
from conformance.recognition.options import DECAY, kept_otherwise, kinds_of_decay, switches_of
from conformance.recognition.rests import rests
from conformance.recognition.setting_places import fixed_of, in_groups
from conformance.recognition.states import HIDDEN, Places, idle, places
from conformance.recognition.trial import TRIALS, TrialSteps, Trier
from impls.catalogue.entries import EVERYWHERE, ExecutionPath, Implementation
from impls.session import Session
from reference.formats import FLOAT32, Format
from reference.profile import Profile
from spec import rules as book
from spec.rule import UpdateRule

ANY_FORM: dict[str, Any] = {"forms": ("*",), "units": {"root": 1.0}, "coefficient": "storage", "bound": "storage"}
"""What the framework's eager operations may do to anybody's code, whatever form it takes: the widest profile."""
Read: TypeAlias = "tuple[Mapping[str, str], UpdateRule, TrialSteps, Places]"
"""The options of a rule, the rule, and what trial steps show of it."""


SMALLEST = 2.0**-24
"""The least number that is drawn of a setting whose zero is left out."""


def catalogued(target: str) -> Implementation | None:
    """Return the catalogue's entry for a target or an identifier."""
    return next((i for i in entries() if target in {i.target, i.identifier, i.adapts}), None)


def adapting(rule: str) -> Implementation | None:
    """Return the entry whose adapter makes an optimizer of plain steps of a minimiser, where a rule has one."""
    return next((i for i in entries() if i.adapts and i.rule == rule), None)


def dotted(target: str) -> str:
    """Return the catalogue's target that is meant where a dot stands for its colon, or nothing."""
    meant = ":".join(target.rsplit(".", 1))
    return meant if catalogued(target) is None and catalogued(meant) is not None else ""


def recognise(
    target: str, rule: str, options: Mapping[str, str], session: Session, told: Stated = NOTHING_TOLD
) -> Implementation:
    """Return a catalogue entry for ``target``; raises ``NotJudgeableError`` for what has none."""
    called = [i for i in entries() if target in {i.target, i.identifier, i.adapts} and i.rule == rule]
    known = next((i for i in called if options in ({}, dict(i.options))), None)
    if known is not None:
        return known
    least = told.ranks[0] if told.ranks else 0
    trier = Trier(target, session, told.arguments, told.flags, matrices=least > 1)
    answer = trier.described(constructor={})
    searching = adapting(rule)
    if searching is not None and answer.get("is_optimizer"):
        return _adapted(searching, target)
    stranger = _Stranger(trier, rule, options, told, answer)
    entry = within_its_domain(stranger.entry(), session)
    return decisive(entry, stranger.shared_counts, session)


class _Stranger:
    """What is found out about one target, from its names to its places."""

    def __init__(
        self, trier: Trier, rule: str, options: Mapping[str, str], told: Stated, answer: Mapping[str, Any]
    ) -> None:
        self.trier, self.rule, self.options, self.told = trier, rule, options, told
        self.family, self.meant = book.named(rule)
        self.refusal = ""
        self.shared_counts: tuple[str, ...] = ()
        self.signature = signature_of(answer["signature"])
        every = {h.keyword: h for variant in self.family.variants() for h in variant.hyperparameters}
        self.keywords = keywords_of(every.values(), self.signature, told.settings)
        if self.signature.function:
            self.trier = dataclasses.replace(trier, function=True)
        elif self.signature.more or not self.keywords:
            self.trier = dataclasses.replace(trier, inside=not self.signature.more)
            self.signature = self.signature.beside(self._accepted())
            self.keywords = keywords_of(every.values(), self.signature, told.settings)
        self.shrugged = self._given_nothing()
        check(trier.target, book.build(rule, options), self.signature, self.keywords, self.told, self.refusal)
        self.keywords = {keyword: names for keyword, names in self.keywords.items() if not self._is_idle(names[0])}
        usual = switches_of(self.family, self.signature.defaults, options)
        self.switches = usual if told.switches is None else told.switches

    def _given_nothing(self) -> tuple[str, ...]:
        """Give None for what must be given and is no setting, where steps are made with it; return what it is."""
        known = {setting_name(name) for names in self.keywords.values() for name in names} | set(self.told.arguments)
        missing = tuple(self.signature.required(known)) if self.keywords else ()
        if not missing:
            return ()
        before, arguments = self.trier, {**self.told.arguments, **dict.fromkeys(missing)}
        self.trier = dataclasses.replace(before, arguments=arguments)
        try:
            self._trial(book.build(self.rule, {**self.meant, **self.options}), {})
        except NotJudgeableError:
            self.trier = before
            return ()
        self.told = dataclasses.replace(self.told, arguments=arguments)
        return missing

    def _is_idle(self, name: str) -> bool:
        """Tell whether what is None by default makes the same steps with a number: another keyword outdoes it."""
        own = setting_name(name)
        if name in self.told.settings.values() or self.signature.defaults.get(own, ...) is not None:
            return False
        try:
            trial = self._trial(book.build(self.rule, {**self.meant, **self.options}), {})
        except NotJudgeableError:
            return False
        if own not in trial.constructor:
            return False
        without = self.trier.again(trial, {key: value for key, value in trial.constructor.items() if key != own})
        return bool(without.get("ok")) and all(
            one["parameter"] == other["parameter"] for one, other in zip(without["steps"], trial.steps, strict=True)
        )

    def _accepted(self) -> Mapping[str, Any]:
        """Return what a param group shows of a target that names no keywords, as far as they may be given."""
        for way in self.trier.ways:
            for given in ({}, {"lr": 0.125}):
                shown = self._shown({**given, **self.told.arguments}, way)
                if shown:
                    taken = (k for k, v in shown.items() if self._shown({**given, **self.told.arguments, k: v}, way))
                    return {key: shown[key] for key in taken}
        return {}

    def _shown(self, constructor: Mapping[str, Any], way: Mapping[str, Any]) -> Mapping[str, Any]:
        shapes = [[2, 3]] if any(variant.matrices for variant in self.family.variants()) else [[4], [2, 3]]
        asked = {"constructor": dict(constructor), "calling": way}
        for shape in shapes:
            trial = self.trier.described(**asked, shape=shape)["trial"]
            if trial.get("ok"):
                return dict(trial["options"])
            self.refusal = self.refusal or f"{trial['type']}: {trial['message']}"
        return {}

    def entry(self) -> Implementation:
        """Return the entry, of the first kind of decay that explains the trial steps."""
        choice, formula, trial, read = self._explaining({**self.meant, **self.options})
        self.switches = {name: (key, value) for name, (key, value) in self.switches.items() if choice.get(key) != value}
        own = {h.keyword for variant in self._variants(choice) for h in variant.hyperparameters}
        keywords = {keyword: names for keyword, names in self.keywords.items() if keyword in own}
        fixed = fixed_of(trial, formula, keywords)
        idle = idle_states(self._variants(choice), fixed) & set(read.unfound)
        states = {state: path for state, path in self._states(read, choice, idle).items() if state != path}
        counter, beside, self.shared_counts = read.counters[:1], read.counters[1:], read.shared_counts
        inherited = extended(trial.description["bases"])
        return Implementation(
            self.trier.target,
            self.trier.target,
            self.rule,
            self._paths(own),
            {k: v for k, v in choice.items() if self.meant.get(k) != v},
            self.switches,
            states,
            counter[0] if counter else None,
            fixed,
            gradient=trial.gradient,
            keywords={keyword: names for keyword, names in keywords.items() if names != (keyword,)},
            in_groups=in_groups(trial, {k: v for k, v in keywords.items() if k in trial.values}),
            calling=trial.calling,
            counters_beside=beside,
            played=read.played,
            closure=bool(trial.description["closure"]),
            ranks=self.told.ranks,
            untried=self._untried(trial),
            domains=self._domains(formula, read),
            told=dataclasses.asdict(self.told) if self.told != NOTHING_TOLD else {},
            derived=self._derived(trial, formula, read, choice, inherited),
            extends=tuple(known.identifier for known in inherited),
            compiles=tuple(trial.description["compiles"]),
            complex_numbers=any(known.complex_numbers for known in inherited),
            idle_states=tuple(sorted(idle)),
            rests=rests(self.trier, trial, {*states.values(), *read.states.values(), *read.counters}),
        )

    def _derived(
        self,
        trial: TrialSteps,
        formula: UpdateRule,
        read: Places,
        choice: Mapping[str, str],
        inherited: Sequence[Implementation],
    ) -> Mapping[str, str]:
        """Return the numbers of the rule that are kept, as a catalogued base says or values show in every variant."""
        kept = trial.steps[-1]["state"]
        same = [known for known in inherited if book.named(known.rule)[0] is self.family]
        said = [known.derived for known in same if known.derived.keys() <= kept.keys()]
        if not read.follows or any(said):
            return next(filter(None, said), {})
        known = {path.removeprefix(NEGATED) for path in (*read.states.values(), *read.counters)}
        found = kept_numbers(trial, formula, self._scalars(trial, formula), known)
        every = [scalar_terms(variant).keys() for variant in self._variants(choice)]
        return {path: name for path, name in found.items() if all(name.removesuffix(MADE) in names for names in every)}

    def _explaining(self, chosen: Mapping[str, str]) -> Read:
        """Return the options that explain the trial steps, and the states that these show, if any do."""
        kinds = kinds_of_decay(self.family, chosen, takes=DECAY in self.keywords)
        found = [self._read({**chosen, **kind}) for kind in kinds]
        read = next((each for each in found if each[-1].follows), found[0])
        if not (read[-1].follows and read[-1].unfound):
            return read
        others = (self._read(way) for way in kept_otherwise(self.family, read[0], self.options, self.switches))
        return next((each for each in others if each[-1].follows and not each[-1].unfound), read)

    def _read(self, choice: Mapping[str, str]) -> Read:
        formula = book.build(self.rule, choice)
        trial, found = self._followed(formula, {})
        return choice, formula, trial, found

    def _followed(self, formula: UpdateRule, switches: Mapping[str, Any]) -> tuple[TrialSteps, Places]:
        """Return a trial and what it shows: in single precision where that alone is what the formula says."""
        usual = self._trial(formula, switches)
        found = self._places(usual, formula)
        if found.follows or usual.storage is FLOAT32:
            return usual, found
        try:
            single = self._trial(formula, switches, [(usual.gradient, FLOAT32)])
        except NotJudgeableError:
            return usual, found
        there = self._places(single, formula)
        return (single, there) if there.follows else (usual, found)

    def _untried(self, trial: TrialSteps) -> tuple[str, ...]:
        given = {constructor_setting(switch)[0] for switch in self.switches}
        known = {*trial.constructor, *given, *(setting_name(n) for names in self.keywords.values() for n in names)}
        rest = untried(self.trier, self.signature, trial, trial.constructor, known)
        return (*(f"{name} (None is given)" for name in self.shrugged), *rest)

    def _domains(self, formula: UpdateRule, read: Places) -> dict[str, tuple[float, float]]:
        """Return settings without their zero, where a state that has no part in a step then is kept otherwise."""
        found = {}
        for item in formula.hyperparameters:
            switches_off = any(line.expression.has(sp.Eq(item.symbol, 0)) for line in formula.program)
            own = self.keywords.get(item.keyword, ("[",))[0]
            if switches_off and 0.0 in item.domain and "[" not in own:
                try:
                    trial = self._trial(formula, {own: 0.0})
                except NotJudgeableError:
                    continue
                at_zero = dataclasses.replace(trial, values={**trial.values, item.keyword: 0.0})
                if idle(at_zero, formula, self._scalars(at_zero, formula), self._profile(trial, formula), read):
                    found[item.keyword] = (SMALLEST, item.domain.high)
        return found

    def _places(self, trial: TrialSteps, formula: UpdateRule) -> Places:
        return places(trial, formula, self._scalars(trial, formula), self._profile(trial, formula))

    def _scalars(self, trial: TrialSteps, formula: UpdateRule) -> dict[str, float]:
        keywords = {keyword: self.keywords[keyword] for keyword in trial.values}
        values = {**fixed_of(trial, formula, keywords), **trial.values}
        return {h.symbol.name: values[h.keyword] for h in formula.hyperparameters}

    def _profile(self, trial: TrialSteps, formula: UpdateRule) -> Profile:
        return Profile.from_mapping(ANY_FORM, formula.name).on(trial.storage)

    def _trial(
        self, formula: UpdateRule, more: Mapping[str, Any], trials: Sequence[tuple[str, Format]] = TRIALS
    ) -> TrialSteps:
        own = {h.keyword for h in formula.hyperparameters}
        keywords = {keyword: names for keyword, names in self.keywords.items() if keyword in own}
        return self.trier.steps(formula, keywords, more, trials)

    def _variants(self, choice: Mapping[str, str]) -> Iterator[UpdateRule]:
        yield book.build(self.rule, choice)
        yield from (book.build(self.rule, {**choice, **dict([option])}) for option in self.switches.values())

    def _states(self, read: Places, choice: Mapping[str, str], idle: frozenset[str]) -> dict[str, str]:
        """Return the place of every state, those of variants too; none where one that is not idle is found nowhere."""
        found = {**read.states}
        unfound = set(read.unfound)
        for switch, option in self.switches.items():
            variant = book.build(self.rule, {**choice, **dict([option])})
            more = [state.keyword for state in variant.states if state.keyword not in {*found, *unfound}]
            if more:
                try:
                    trial, there = self._followed(variant, dict([constructor_setting(switch)]))
                except NotJudgeableError:  # it refuses the switch, or a case of its own shows what it raises
                    continue
                found |= {keyword: there.states[keyword] for keyword in more if keyword in there.states}
                # Where it does not follow the variant is wrong, its switch is not heard, or it has another size.
                kept = trial.steps[-1]["state"]
                missing = (keyword for keyword in more if keyword not in there.states)
                unfound |= {keyword for keyword in missing if there.follows or keyword in kept}
        found |= self.told.states
        unfound -= {*self.told.states, *idle}
        return dict.fromkeys({*found, *unfound, *idle}, HIDDEN) if unfound else found | dict.fromkeys(idle, HIDDEN)

    def _paths(self, own: Collection[str]) -> tuple[ExecutionPath, ...]:
        """Return the paths of torch's own flags."""
        flags: list[str] = [name for name in ("foreach", "fused") if name in self.signature.defaults]
        used = {setting_name(name) for keyword in own for name in self.keywords.get(keyword, ())}
        decays = (name for name in (DECAY, "wd") if self.signature.offers(name) and name not in used)
        idle = {} if DECAY in own else dict.fromkeys(decays, 0.0)
        off: dict[str, Any] = {**dict.fromkeys(flags, False), **idle, **self.told.arguments}
        paths = [
            ExecutionPath("single-tensor" if flags else "default", off, EVERYWHERE, profile=ANY_FORM, declared=False)
        ]
        paths += [ExecutionPath(f, {**off, f: True}, EVERYWHERE, profile=ANY_FORM, declared=False) for f in flags]
        return tuple(paths)


def extended(bases: Iterable[str]) -> tuple[Implementation, ...]:
    """Return the entries of the catalogued classes among those of an instance, each of which is `package:name`."""
    known = {f"{i.target.partition(':')[0].partition('.')[0]}:{i.target.partition(':')[2]}": i for i in entries()}
    return tuple({known[base].identifier: known[base] for base in bases if base in known}.values())


def _adapted(entry: Implementation, target: str) -> Implementation:
    """Return the entry of a minimiser with another one behind its adapter."""
    paths = tuple(
        dataclasses.replace(path, constructor={**path.constructor, "minimiser": target}) for path in entry.paths
    )
    return dataclasses.replace(entry, identifier=target, adapts=target, paths=paths)
