"""Values that are stale or shared: the case as an implementation may have read it."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterator, Mapping

import numpy as np
import sympy as sp

from conformance.diagnosis.hypothesis import Hypothesis, Reading, Sort
from conformance.optimizers.cases import Case, GroupCase
from conformance.optimizers.prepared import Prepared
from conformance.optimizers.subject import WorkerSubject
from conformance.optimizers.torch_class import COUNT, held_by
from reference.formats import Format
from reference.undefined import Undefined
from spec import rules as book
from spec.rule import Assignment, Hyperparameter, UpdateRule

READ = "_read"
"""Ends the name of a setting as one line reads it."""


def of_lines(subject: WorkerSubject) -> Iterator[Hypothesis]:
    """Yield stale and shared settings that a single line reads."""
    rules = subject.rules
    seen: dict[tuple[str, str], Hyperparameter] = {}
    for rule in rules.values():
        for line in rule.program:
            for item in rule.hyperparameters:
                if item.symbol in line.expression.free_symbols and item.symbol.name not in subject.fixed:
                    seen.setdefault((line.name, item.symbol.name), item)
    for (line_name, name), item in seen.items():
        changed = {key: _reading_there(rule, line_name, item) for key, rule in rules.items()}
        for whose, read, group in (
            ("that of the first group", _of_group(0, name), "self.param_groups[0]"),
            ("that of the last group", _of_group(-1, name), "self.param_groups[-1]"),
            ("what it was at the first step", _unchanged(name), ""),
            ("that of the step before", _late(name), ""),
        ):
            title = f"as if {item.keyword} in the line of the {line_name} were {whose}"
            reading, of_line = Reading(_renamed(name, read)), frozenset({line_name})
            edits = (_read_beside(item, group),) if group else ()
            yield Hypothesis(title, Sort.VALUE, rules=changed, reading=reading, lines=of_line, edits=edits)


def _read_beside(item: Hyperparameter, group: str) -> tuple[str, str]:
    """Return the edit by which a class reads a setting of another group under the name of one line."""
    read = f"{sp.Symbol(item.symbol.name + READ)} = float({held_by(item.keyword, group)})"
    return COUNT, f"{COUNT}\n        {read}"


def _reading_there(rule: UpdateRule, line_name: str, item: Hyperparameter) -> UpdateRule:
    """Return the rule in which one line reads a setting under a name of its own."""
    symbol = sp.Symbol(item.symbol.name + READ, **item.symbol.assumptions0)
    swap = {item.symbol: symbol}

    def renamed(line: Assignment) -> Assignment:
        if line.name != line_name:
            return line
        forms = tuple(dataclasses.replace(form, expression=form.expression.xreplace(swap)) for form in line.forms)
        return dataclasses.replace(line, expression=line.expression.xreplace(swap), forms=forms)

    read = dataclasses.replace(item, symbol=symbol, keyword=item.keyword + READ)
    return dataclasses.replace(
        rule, hyperparameters=(*rule.hyperparameters, read), program=tuple(map(renamed, rule.program))
    )


def _renamed(name: str, read: Callable[[Case], Case]) -> Callable[[Case], Case]:
    """Return a reading of one line: what ``read`` makes of a setting stands under the line's own name."""

    def both(case: Case) -> Case:
        other = read(case)
        groups = tuple(
            dataclasses.replace(group, hyperparameters={**group.hyperparameters, name + READ: _setting(theirs, name)})
            for group, theirs in zip(case.groups, other.groups, strict=True)
        )
        changes = tuple(
            {**now, **({name + READ: theirs[name]} if name in theirs else {})}
            for now, theirs in zip(case.changes, other.changes, strict=True)
        )
        return dataclasses.replace(case, groups=groups, changes=changes)

    return both


def of_settings(subject: WorkerSubject) -> Iterator[Hypothesis]:
    """Yield stale and shared values that all lines read: settings of another group or step, counts that lag."""
    names = {h.symbol.name: h.keyword for rule in subject.rules.values() for h in rule.hyperparameters}
    for name, keyword in names.items():
        if name not in subject.fixed:
            for whose, place in (("first", 0), ("last", -1)):
                read = held_by(keyword, f"self.param_groups[{place}]")
                title = f"as if {keyword} were that of the {whose} group"
                yield _reading(title, _of_group(place, name), (held_by(keyword), read))
            yield _reading(f"as if {keyword} stayed what it was at the first step", _unchanged(name))
            yield _reading(f"as if {keyword} were that of the step before", _late(name))
    yield from _swapped(subject)
    every = ((held_by(keyword), held_by(keyword, "self.param_groups[0]")) for keyword in names.values())
    yield _reading("as if only the first group's settings counted", _of_group(0), *every)
    for by, other in ((-1, "t-1"), (1, "t+1")):
        reading = Reading(prepared=_counted(by))
        edits = ((COUNT, f"{COUNT} + ({by})"),)
        yield Hypothesis(f"as if t were {other}", Sort.VALUE, reading=reading, edits=edits, counts_otherwise=True)
    together = Reading(prepared=_counted_together)
    shared = "as if a parameter counted the steps of its whole group"
    yield Hypothesis(shared, Sort.VALUE, reading=together, counts_otherwise=True)


def rounded_settings(to: Format) -> Hypothesis:
    """Return the hypothesis that every setting is rounded to a format, and all else computed as claimed."""
    return Hypothesis(f"as if settings were rounded to {to.name}", Sort.PROFILE, reading=Reading(_rounded(to)))


def _swapped(subject: WorkerSubject) -> Iterator[Hypothesis]:
    """Yield one setting in the place of another of its kind, in every line."""
    rules = [book.family(rule.name).build(**rule.options) for rule in subject.rules.values()]
    settings = {h.symbol.name: h for rule in rules for h in rule.hyperparameters}
    for one, other in itertools.permutations(settings.values(), 2):
        if one.domain == other.domain and one.symbol.name not in subject.fixed:
            title = f"as if {one.keyword} were {other.keyword} everywhere"
            yield _reading(title, _exchanged(one.symbol.name, other.symbol.name))


def _exchanged(name: str, by: str) -> Callable[[Case], Case]:
    """Return the reading in which a setting has the value of another one."""

    def read(case: Case) -> Case:
        groups = tuple(
            dataclasses.replace(group, hyperparameters={**group.hyperparameters, name: _setting(group, by)})
            for group in case.groups
        )
        changes = tuple({k: v for k, v in change.items() if k != name} for change in case.changes)
        changes = tuple({**c, name: c[by]} if by in c else c for c in changes)
        return dataclasses.replace(case, groups=groups, changes=changes)

    return read


def _setting(group: GroupCase, name: str) -> float:
    """Return a setting of a group; raises ``Undefined`` where the variant of the case has none of that name."""
    if name not in group.hyperparameters:
        raise Undefined(f"a group without `{name}` has no value of it")
    return group.hyperparameters[name]


def _reading(title: str, settings: Callable[[Case], Case], *edits: tuple[str, str]) -> Hypothesis:
    return Hypothesis(title, Sort.VALUE, reading=Reading(settings), edits=edits)


def _of_group(place: int, *names: str) -> Callable[[Case], Case]:
    """Return the reading in which every group has settings of one; without names all of them."""

    def read(case: Case) -> Case:
        source = case.groups[place].hyperparameters
        taken = {name: source[name] for name in (names or source) if name in source}
        groups = tuple(
            dataclasses.replace(group, hyperparameters={**group.hyperparameters, **taken}) for group in case.groups
        )
        return dataclasses.replace(case, groups=groups)

    return read


def _rounded(to: Format) -> Callable[[Case], Case]:
    """Return the reading in which every setting is the nearest number of a format."""

    def nearest(settings: Mapping[str, float]) -> dict[str, float]:
        return {name: float(to.nearest(np.asarray(value, to.work))) for name, value in settings.items()}

    def read(case: Case) -> Case:
        groups = tuple(
            dataclasses.replace(group, hyperparameters=nearest(group.hyperparameters)) for group in case.groups
        )
        return dataclasses.replace(case, groups=groups, changes=tuple(map(nearest, case.changes)))

    return read


def _unchanged(name: str) -> Callable[[Case], Case]:
    """Return the reading in which a setting never changes."""

    def read(case: Case) -> Case:
        changes = tuple({k: v for k, v in change.items() if k != name} for change in case.changes)
        return dataclasses.replace(case, changes=changes)

    return read


def _late(name: str) -> Callable[[Case], Case]:
    """Return the reading in which a change of a setting acts one step late."""

    def read(case: Case) -> Case:
        before = ({}, *case.changes[:-1]) if case.changes else ()
        changes = tuple(
            {**{k: v for k, v in now.items() if k != name}, **{k: v for k, v in late.items() if k == name}}
            for now, late in zip(case.changes, before, strict=True)
        )
        return dataclasses.replace(case, changes=changes)

    return read


def _counted(by: int) -> Callable[[tuple[Prepared, ...]], tuple[Prepared, ...]]:
    """Return the reading in which every tensor has made more or fewer steps."""
    return lambda prepared: tuple(dataclasses.replace(item, count=item.count + by) for item in prepared)


def _counted_together(prepared: tuple[Prepared, ...]) -> tuple[Prepared, ...]:
    """Return the tensors as if a fresh one had made the steps of the first of its group that is under way."""
    first: dict[int, int] = {}
    for item in prepared:
        if item.count:
            first.setdefault(item.group, item.count)
    return tuple(dataclasses.replace(item, count=item.count or first.get(item.group, 0)) for item in prepared)
