"""The coverage of a run in figures: how many parts of formulas its cases showed, and which they did not."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from conformance.report.model import PartInFormat, PartStatus
from conformance.report.wording import counted, error_size, exact

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conformance.report.model import PartEntry, RuleEntry


def parts_of(rules: Iterable[RuleEntry]) -> tuple[tuple[str, PartEntry], ...]:
    """The parts of all variants whose coverage was measured, each with the variant, in the order of the report."""
    return tuple((variant.name, part) for rule in rules for variant in rule.variants for part in variant.parts)


def not_verified(rules: Iterable[RuleEntry]) -> tuple[str, ...]:
    """The parts of formulas that no case made visible, each with the formulas that it is a part of."""
    found: dict[str, list[str]] = {}
    for variant, part in parts_of(rules):
        if part.status is PartStatus.NOT_VERIFIED:
            found.setdefault(f"{part.name} in {part.line}" if part.line else part.name, []).append(variant)
    return tuple(f"{name} of {of[0]}" + (f" and {len(of) - 1} more" if of[1:] else "") for name, of in found.items())


def sentence(rules: Iterable[RuleEntry]) -> str:
    """One sentence says how many parts were seen, on how many element-cases, and how small an error; or nothing."""
    parts = [part for _, part in parts_of(rules) if part.status is not PartStatus.WITHOUT_EFFECT]
    seen = [part for part in parts if part.status is PartStatus.VERIFIED]
    if not parts:
        return ""
    looked = min(sum(held.looked_at for held in part.formats) for part in parts)
    said = f"{exact(len(seen))} of {counted(len(parts), 'term and setting', 'terms and settings')} of formulas"
    finest = [min(held.smallest for held in part.formats if held.smallest is not None) for part in seen]
    error = f": of each an error of {error_size(max(finest))} is noticed" if finest else ""
    return f"{said}, looked at on {counted(looked, 'element-case')} or more{error}"


def together(rule: RuleEntry) -> tuple[PartEntry, ...]:
    """The parts of all variants of a rule, those that are written alike taken as one."""
    found: dict[tuple[str, str], list[PartEntry]] = {}
    for part in (part for variant in rule.variants for part in variant.parts):
        found.setdefault((part.line, part.name), []).append(part)
    return tuple(_one(parts) for parts in found.values())


def _one(parts: list[PartEntry]) -> PartEntry:
    order = (PartStatus.VERIFIED, PartStatus.NOT_VERIFIED, PartStatus.WITHOUT_EFFECT)
    held: dict[str, list[PartInFormat]] = {}
    for each in (each for part in parts for each in part.formats):
        held.setdefault(each.dtype, []).append(each)
    formats = tuple(
        PartInFormat(
            dtype,
            sum(each.looked_at for each in group),
            sum(each.mattered for each in group),
            min((each.smallest for each in group if each.smallest is not None), default=None),
            tuple(map(sum, zip(*(each.caught for each in group), strict=True))),
        )
        for dtype, group in held.items()
    )
    status = min((part.status for part in parts), key=order.index)
    return dataclasses.replace(parts[0], status=status, formats=formats)
