"""The variants of a rule that the switches of a constructor choose, and the settings that an implementation accepts."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Mapping

from spec import rules as book
from spec.rule import UpdateRule


def rules_by_switches(
    name: str, options: Mapping[str, str], switches: Mapping[str, tuple[str, str]]
) -> dict[tuple[str, ...], UpdateRule]:
    """Return the rule claimed for every combination of constructor switches."""
    found = {}
    for count in range(len(switches) + 1):
        for chosen in itertools.combinations(sorted(switches), count):
            on = dict(switches[switch] for switch in chosen)
            found[chosen] = book.build(name, {**options, **on})
    return found


def narrowed(rule: UpdateRule, domains: Mapping[str, tuple[float, float]]) -> UpdateRule:
    """Return a rule of which only the hyperparameters are drawn that an implementation accepts."""
    if not domains:
        return rule
    kept = tuple(
        dataclasses.replace(h, domain=h.domain.within(*domains[h.keyword])) if h.keyword in domains else h
        for h in rule.hyperparameters
    )
    return dataclasses.replace(rule, hyperparameters=kept)
