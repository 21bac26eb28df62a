"""Proposes simpler cases of a failing run of a scheduler."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping

from conformance.engine.claim import Moves
from conformance.engine.reduction import greedy
from conformance.schedulers.cases import ScheduleCase, SchedulerNode, only
from conformance.schedulers.strategies import UNBOUNDED
from conformance.schedulers.subject import WrongReading
from impls.catalogue.scheduler_entries import OPTAX

SIMPLE = (1.0, 0.5, 0.25, 0.1)


def simpler(failure: WrongReading) -> Moves:
    """Propose simpler cases, and after each that still fails begin anew from it."""
    return greedy(failure, _simpler)


def _simpler(failure: WrongReading) -> Iterator[ScheduleCase]:
    """Yield simpler cases, the boldest first."""
    case = failure.case
    with_ = dataclasses.replace
    if len(case.base) > 1 and not case.shared:
        for group in range(len(case.base)):
            yield with_(case, base=(case.base[group],), node=only(case.node, group))
    if case.optimizer != "SGD":
        yield with_(case, optimizer="SGD")
    yield from _simpler_inputs(case) if case.inputs else _fewer_steps(failure)
    yield from (with_(case, split=split) for split in (1, 2, case.split - 1) if 0 < split < case.split)
    if any(lr != 1.0 for lr in case.base):
        yield with_(case, base=(1.0,) * len(case.base))
    for node in _simpler_nodes(case.node):
        yield with_(case, node=node)


def _simpler_inputs(case: ScheduleCase) -> Iterator[ScheduleCase]:
    """Yield the case with one metric or epoch less, then with one nearer to zero."""
    inputs = case.inputs
    for place in range(len(inputs) if len(inputs) > 1 else 0):
        split = min(case.split, len(inputs) - 1)
        yield dataclasses.replace(case, inputs=inputs[:place] + inputs[place + 1 :], split=split)
    for place, value in enumerate(inputs):
        for new in (0.0, 1.0, 2.0, value // 2, float(int(value))):
            if abs(new) < abs(value):
                yield dataclasses.replace(case, inputs=(*inputs[:place], new, *inputs[place + 1 :]))


def _fewer_steps(failure: WrongReading) -> Iterator[ScheduleCase]:
    """Yield the case up to the step that is wrong, or a little further."""
    case = failure.case
    for steps in sorted({failure.index + 1, failure.index + 2, case.steps // 2, case.steps - 1}):
        if 0 < steps < case.steps:
            yield dataclasses.replace(case, steps=steps, split=max(1, min(case.split, steps - 1)))


def _simpler_nodes(node: SchedulerNode) -> Iterator[SchedulerNode]:
    yield from _simpler_parts(node)
    yield from _simpler_milestones(node)
    yield from _simpler_tables(node)
    if node.settings:
        yield from (dataclasses.replace(node, settings=changed) for changed in _simpler_settings(node))


def _simpler_parts(node: SchedulerNode) -> Iterator[SchedulerNode]:
    with_ = dataclasses.replace
    if len(node.parts) > 2:
        for place in range(len(node.parts)):
            parts = node.parts[:place] + node.parts[place + 1 :]
            bound = max(0, min(place, len(node.milestones) - 1))
            yield with_(node, parts=parts, milestones=node.milestones[:bound] + node.milestones[bound + 1 :])
    for place, part in enumerate(node.parts):
        plainer = () if node.entry.part_list else _plainer(part)
        for simpler in (*plainer, *_simpler_nodes(part)):
            yield with_(node, parts=(*node.parts[:place], simpler, *node.parts[place + 1 :]))


def _simpler_milestones(node: SchedulerNode) -> Iterator[SchedulerNode]:
    for place, milestone in enumerate(node.milestones):
        if not node.parts:
            yield dataclasses.replace(node, milestones=node.milestones[:place] + node.milestones[place + 1 :])
        for new in (1, milestone // 2, milestone - 1):
            if 0 < new < milestone:
                changed = (*node.milestones[:place], new, *node.milestones[place + 1 :])
                yield dataclasses.replace(node, milestones=tuple(sorted(changed)))


def _simpler_tables(node: SchedulerNode) -> Iterator[SchedulerNode]:
    for table in (0.5, 1.0):
        if node.factors and any(value != table for row in node.factors for value in row):
            yield dataclasses.replace(node, factors=tuple((table,) * len(row) for row in node.factors))
    for length in {len(row) // 2 for row in node.factors if len(row) > 2}:
        yield dataclasses.replace(node, factors=tuple(row[:length] for row in node.factors))


def _plainer(part: SchedulerNode) -> Iterator[SchedulerNode]:
    """Yield the plainest scheduler in place of a part."""
    plain = SchedulerNode("torch.ExponentialLR", settings=({"gamma": 0.5},) * max(1, len(part.settings)))
    if part.entry.interface == OPTAX:
        plain = SchedulerNode("optax.constant_schedule", settings=({},) * max(1, len(part.settings)))
    if part.scheduler != plain.scheduler:
        yield plain


def _simpler_settings(node: SchedulerNode) -> Iterator[tuple[Mapping[str, float], ...]]:
    domains = {h.keyword: h.domain for h in node.schedule.hyperparameters}
    first = node.settings[0]
    if any(values != first for values in node.settings):
        yield (first,) * len(node.settings)
    for name, value in first.items():
        if name in node.entry.fixed:
            continue
        whole = isinstance(value, int)
        news = {1, 2, 3, value // 2, value - 1} if whole else SIMPLE
        for new in news:
            simpler = 0 <= new < value if whole else _rank(new) < _rank(value)
            above = node.entry.library not in UNBOUNDED and new > value
            if simpler and not above and (new in domains[name] or value not in domains[name]):
                changed = tuple({**values, name: new} for values in node.settings)
                if not _consistent(node, node.settings) or _consistent(node, changed):
                    yield changed


def _consistent(node: SchedulerNode, settings: tuple[Mapping[str, float], ...]) -> bool:
    return all(node.schedule.consistent(dict(values)) == values for values in settings)


def _rank(value: float) -> int:
    """Order values by how plain they are; a zero stays."""
    return -1 if value == 0.0 else SIMPLE.index(value) if value in SIMPLE else len(SIMPLE)
