"""What of the book's domain an unknown optimizer takes: settings, switches, formats and dimensions of parameters.

Everything legal is tried before cases are drawn.  What is refused by an error made for it is told by one
finding of its own, and all else is judged within what is taken.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Mapping

from conformance.optimizers.subject import worker_subject
from conformance.recognition.asking import Asking, Switches
from conformance.recognition.ends import Taken, probes
from impls.catalogue.entries import Ends, Implementation, Refusal
from impls.devices import FLOATS, HOST
from impls.session import Session
from reference.formats import FLOAT32, FLOAT64
from spec.rule import Hyperparameter

ROUNDS = 40
"""So often an end is asked for more exactly, all ends at once."""
SHAPES = ((), (4,), (2, 3), (2, 3, 2), (2, 1, 3, 2), (1, 2, 1, 3, 2))
CONSTRUCT, STEP = "construct", "step"
FORMAT, DIMENSIONS = "dtype", "dimensions"
"""The names under which refused formats and dimensions of parameters are told."""


def within_its_domain(entry: Implementation, session: Session) -> Implementation:
    """Return the entry with what it takes of its rule's domain, and with what it refuses.

    Where its defaults make no step nothing can be said, and nothing is narrowed.
    """
    entry = dataclasses.replace(entry, declared=False)
    for storage in (FLOAT32, FLOAT64):
        asking = Asking(worker_subject(entry, entry.paths[0], HOST, storage, session))
        if asking.answers([asking.trial((), asking.usual(()), steps=1)])[0]["ok"]:
            return _within(asking)
    return entry


def _within(asking: Asking) -> Implementation:
    entry = asking.subject.implementation
    domains, of_settings = _settings(asking)
    switches, apart, of_switches = _switches(asking)
    formats, of_formats = _formats(asking)
    ranks, of_ranks = _dimensions(asking)
    paths = tuple(
        dataclasses.replace(path, dtypes=tuple(d for d in path.dtypes if d in formats)) for path in entry.paths
    )
    return dataclasses.replace(
        entry,
        paths=paths,
        switches=switches,
        apart=apart,
        domains={**entry.domains, **domains},
        ranks=ranks,
        refusals=(*of_settings, *of_switches, *of_formats, *of_ranks),
    )


def _settings(asking: Asking) -> tuple[dict[str, Ends], list[Refusal]]:
    """Return the ends between which settings are taken, where these are not the book's, and what is refused."""
    found, refusals = {}, []
    for keyword, (switches, item) in _by_keyword(asking).items():
        taken, refused = _taken(asking, switches, item)
        refusals += refused
        if list(taken.brackets):
            found[keyword] = (switches, item, taken)
    _narrow(asking, found)
    return {keyword: taken.ends for keyword, (_, _, taken) in found.items()}, refusals


def _by_keyword(asking: Asking) -> dict[str, tuple[Switches, Hyperparameter]]:
    """Return each setting that can be given, with the first variant that has it."""
    found: dict[str, tuple[Switches, Hyperparameter]] = {}
    for switches, rule in asking.subject.rules.items():
        for item in rule.hyperparameters:
            if item.symbol.name not in asking.subject.fixed:
                found.setdefault(item.keyword, (switches, item))
    return found


def _taken(asking: Asking, switches: Switches, item: Hyperparameter) -> tuple[Taken, list[Refusal]]:
    """Return which values of a setting are taken beside the others' defaults, and what is refused.

    A value that is taken beside other settings is no end of the setting's own.
    """
    name, usual, active = item.symbol.name, asking.usual(switches), asking.active(switches)
    values = [value for value in probes(item) if value != usual[name]]
    trials = [(item.keyword, repr(value), asking.trial(switches, {**usual, name: value})) for value in values]
    answers = dict(zip(values, asking.refusals(trials, phases=(CONSTRUCT,)), strict=True))
    refused = {value: refusal for value, refusal in answers.items() if refusal is not None}
    beside = [asking.trial(switches, {**active, name: value}) for value in refused]
    together = {value for value, answer in zip(refused, asking.answers(beside), strict=True) if answer["ok"]}
    own = {value: refusal for value, refusal in refused.items() if value not in together}
    taken = Taken.around(item.domain, usual[name], {v for v in answers if v not in refused}, set(own))
    told = [dataclasses.replace(refused[value], beside="the defaults of the others") for value in sorted(together)[:1]]
    return taken, [*(own[bracket.refused] for bracket in taken.brackets), *told]


def _narrow(asking: Asking, found: Mapping[str, tuple[Switches, Hyperparameter, Taken]]) -> None:
    """Ask for more digits of every end until all are known."""
    for _ in range(ROUNDS):
        asked = [
            (switches, item, bracket, value)
            for switches, item, taken in found.values()
            for bracket in taken.brackets
            if (value := bracket.between) is not None
        ]
        if not asked:
            return
        trials = [
            (item.keyword, repr(value), asking.trial(switches, {**asking.usual(switches), item.symbol.name: value}))
            for switches, item, _, value in asked
        ]
        for (_, _, bracket, value), refusal in zip(asked, asking.refusals(trials, phases=(CONSTRUCT,)), strict=True):
            bracket.narrow(value, taken=refusal is None)


def _switches(asking: Asking) -> tuple[dict[str, tuple[str, str]], tuple[frozenset[str], ...], list[Refusal]]:
    """Return the switches that are taken, those that are not taken together, and what is refused.

    One is refused that is taken neither beside the defaults nor beside other settings.
    """
    offered = asking.subject.implementation.switches
    alone = _refused_switches(asking, [(name,) for name in sorted(offered)])
    kept = {name: option for name, option in offered.items() if (name,) not in alone}
    pairs: list[Switches] = [pair for pair in itertools.combinations(sorted(kept), 2) if pair in asking.subject.rules]
    together = _refused_switches(asking, pairs)
    return kept, tuple(frozenset(pair) for pair in together), [*alone.values(), *together.values()]


def _refused_switches(asking: Asking, combinations: list[Switches]) -> dict[Switches, Refusal]:
    trials = [
        (chosen[0], "True", asking.trial(chosen, values, steps=1))
        for chosen in combinations
        for values in (asking.usual(chosen), asking.active(chosen))
    ]
    answers = asking.refusals(trials, phases=(CONSTRUCT, STEP))
    found = {}
    for place, chosen in enumerate(combinations):
        usual, active = answers[2 * place : 2 * place + 2]
        if usual is not None and active is not None:
            found[chosen] = dataclasses.replace(usual, beside=", ".join(f"{name}=True" for name in chosen[1:]))
    return found


def _formats(asking: Asking) -> tuple[frozenset[str], list[Refusal]]:
    """Return the formats of parameters that are taken, and what is refused."""
    usual = asking.usual(())
    trials = [(FORMAT, name, asking.trial((), usual, dtype=name, steps=1)) for name in FLOATS]
    answers = dict(zip(FLOATS, asking.refusals(trials, phases=(CONSTRUCT, STEP)), strict=True))
    refused = [refusal for refusal in answers.values() if refusal is not None]
    return frozenset(name for name, refusal in answers.items() if refusal is None), refused


def _dimensions(asking: Asking) -> tuple[tuple[int, int] | None, list[Refusal]]:
    """Return the least and the largest number of dimensions that is taken, and what is refused."""
    rule, usual = asking.subject.rules[()], asking.usual(())
    shapes = [shape for shape in SHAPES if rule.ranks[0] <= len(shape) <= rule.ranks[1]]
    trials = [(DIMENSIONS, str(len(shape)), asking.trial((), usual, shape=list(shape), steps=1)) for shape in shapes]
    answers = dict(zip(map(len, shapes), asking.refusals(trials, phases=(CONSTRUCT, STEP)), strict=True))
    refused = {rank: refusal for rank, refusal in answers.items() if refusal is not None}
    if not refused:
        return asking.subject.implementation.ranks, []
    first = len(asking.trial((), usual)["shape"])
    low = max((rank + 1 for rank in refused if rank < first), default=rule.ranks[0])
    high = min((rank - 1 for rank in refused if rank > first), default=rule.ranks[1])
    return (low, high), list(refused.values())
