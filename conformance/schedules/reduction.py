"""Makes a failing case smaller and simpler while it still fails in the same way."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping

from conformance.schedules.cases import Case, Node, only
from conformance.schedules.strategies import consistent
from conformance.schedules.subject import Failure
from impls.scheduler import OPTAX
from impls.session import TargetError, WorkerFailure
from reference.undefined import Undefined

SIMPLE = (1.0, 0.5, 0.25, 0.1)
ATTEMPTS = 400
Judge = Callable[[Case], Failure | None]


def reduce(failure: Failure, judge: Judge) -> Failure:
    """Return the failure of the smallest case found: each change is kept if the case still fails."""
    attempts, changed = 0, True
    while changed and attempts < ATTEMPTS:
        changed = False
        for case in _simpler(failure):
            attempts += 1
            try:
                found = judge(case)
            except (TargetError, WorkerFailure, Undefined):
                continue
            if found is not None and (found.quantity, _kind(found)) == (failure.quantity, _kind(failure)):
                failure, changed = found, True
                break
            if attempts >= ATTEMPTS:
                break
    return failure


def _kind(failure: Failure) -> str:
    return failure.error.partition(":")[0]


def _simpler(failure: Failure) -> Iterator[Case]:
    """Yield simpler cases, the boldest first."""
    case = failure.case
    with_ = dataclasses.replace
    if len(case.base) > 1 and not case.shared:
        for group in range(len(case.base)):
            yield with_(case, base=(case.base[group],), node=only(case.node, group))
    if case.optimizer != "SGD":
        yield with_(case, optimizer="SGD")
    if case.inputs:
        for place in range(len(case.inputs) if len(case.inputs) > 1 else 0):
            yield with_(
                case,
                inputs=case.inputs[:place] + case.inputs[place + 1 :],
                split=min(case.split, len(case.inputs) - 1),
            )
        for place, value in enumerate(case.inputs):
            yield from (
                with_(case, inputs=(*case.inputs[:place], new, *case.inputs[place + 1 :]))
                for new in (0.0, 1.0, 2.0, value // 2, float(int(value)))
                if abs(new) < abs(value)
            )
    else:
        for steps in sorted({failure.index + 1, failure.index + 2, case.steps // 2, case.steps - 1}):
            if 0 < steps < case.steps:
                yield with_(case, steps=steps, split=max(1, min(case.split, steps - 1)))
    yield from (with_(case, split=split) for split in (1, 2, case.split - 1) if 0 < split < case.split)
    if any(lr != 1.0 for lr in case.base):
        yield with_(case, base=(1.0,) * len(case.base))
    for node in _simpler_nodes(case.node):
        yield with_(case, node=node)


def _simpler_nodes(node: Node) -> Iterator[Node]:
    with_ = dataclasses.replace
    if len(node.parts) > 2:
        for place in range(len(node.parts)):
            parts = node.parts[:place] + node.parts[place + 1 :]
            bound = max(0, min(place, len(node.milestones) - 1))
            yield with_(node, parts=parts, milestones=node.milestones[:bound] + node.milestones[bound + 1 :])
    for place, part in enumerate(node.parts):
        plainer = () if node.entry.each[0] else _plainer(part)
        for simpler in (*plainer, *_simpler_nodes(part)):
            yield with_(node, parts=(*node.parts[:place], simpler, *node.parts[place + 1 :]))
    for place, milestone in enumerate(node.milestones):
        if not node.parts:
            yield with_(node, milestones=node.milestones[:place] + node.milestones[place + 1 :])
        for new in (1, milestone // 2, milestone - 1):
            if 0 < new < milestone:
                changed = (*node.milestones[:place], new, *node.milestones[place + 1 :])
                yield with_(node, milestones=tuple(sorted(changed)))
    for table in (0.5, 1.0):
        if node.factors and any(value != table for row in node.factors for value in row):
            yield with_(node, factors=tuple((table,) * len(row) for row in node.factors))
    for length in {len(row) // 2 for row in node.factors if len(row) > 2}:
        yield with_(node, factors=tuple(row[:length] for row in node.factors))
    if node.settings:
        yield from (with_(node, settings=changed) for changed in _simpler_settings(node))


def _plainer(part: Node) -> Iterator[Node]:
    """Yield the plainest scheduler in place of a part."""
    plain = Node("torch.ExponentialLR", settings=({"gamma": 0.5},) * max(1, len(part.settings)))
    if part.entry.interface == OPTAX:
        plain = Node("optax.constant_schedule", settings=({},) * max(1, len(part.settings)))
    if part.scheduler != plain.scheduler:
        yield plain


def _simpler_settings(node: Node) -> Iterator[tuple[Mapping[str, float], ...]]:
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
            above = node.entry.library != "torch" and new > value
            if simpler and not above and (new in domains[name] or value not in domains[name]):
                changed = tuple({**values, name: new} for values in node.settings)
                if not _consistent(node, node.settings) or _consistent(node, changed):
                    yield changed


def _consistent(node: Node, settings: tuple[Mapping[str, float], ...]) -> bool:
    return all(consistent(node.schedule, dict(values)) == values for values in settings)


def _rank(value: float) -> int:
    """Order values by how plain they are; a zero stays."""
    return -1 if value == 0.0 else SIMPLE.index(value) if value in SIMPLE else len(SIMPLE)
