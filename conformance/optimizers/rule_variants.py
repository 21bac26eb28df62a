"""The variants of a rule that the switches of a constructor choose, and the settings that an implementation accepts."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Mapping

from impls.catalogue.entries import Ends, Implementation
from spec import rules as book
from spec.rule import UpdateRule


def rules_by_switches(item: Implementation) -> dict[tuple[str, ...], UpdateRule]:
    """Return the rule claimed for every combination of constructor switches that can be given together."""
    found = {}
    for count in range(len(item.switches) + 1):
        for chosen in itertools.combinations(sorted(item.switches), count):
            if not any(together <= set(chosen) for together in item.apart):
                on = dict(item.switches[switch] for switch in chosen)
                found[chosen] = book.build(item.rule, {**item.options, **on})
    return found


def narrowed(rule: UpdateRule, domains: Mapping[str, Ends], ranks: tuple[int, int] | None = None) -> UpdateRule:
    """Return a rule of which only the hyperparameters and tensors are drawn that an implementation accepts."""
    if ranks is not None:
        rule = dataclasses.replace(rule, ranks=(max(ranks[0], rule.ranks[0]), min(ranks[1], rule.ranks[1])))
    if not domains:
        return rule
    kept = tuple(
        dataclasses.replace(h, domain=h.domain.within(*domains[h.keyword])) if h.keyword in domains else h
        for h in rule.hyperparameters
    )
    return dataclasses.replace(rule, hyperparameters=kept)
