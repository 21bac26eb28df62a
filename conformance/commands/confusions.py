"""Identifies what a library has with all names hidden: ``python -m conformance.commands.confusions``.

It prints tables in Markdown, of optimizers and of schedulers: what each is taken for, what cannot be told
apart from it, and what is left of those that it is not.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rich.console import Console

from conformance.catalogue.installed import NAMES
from conformance.recognition.constructor import NotJudgeableError
from conformance.recognition.identification.candidates import as_in
from conformance.recognition.identification.equality import proven_equal
from conformance.recognition.identification.identity import Identity, identify
from conformance.recognition.identification.schedule_identity import identify_schedule
from impls.catalogue.entries import Implementation
from impls.catalogue.scheduler_entries import OPTAX, Scheduler
from impls.catalogue.torch_optimizers import CATALOGUE
from impls.catalogue.torch_schedulers import SCHEDULERS
from impls.libraries import OTHER_SCHEDULERS, OTHERS
from impls.session import Session, TargetError
from spec import rules as book
from spec import schedules
from spec.rule import UpdateRule

ARRANGING = frozenset({"foreach", "fused", "jit"})
"""Arguments that choose how it is computed, not what."""
HEADINGS = ("taken for", "right", "cannot be told from", "next best is off by", "seconds")


@dataclass(frozen=True)
class ConfusionRow:
    """What a catalogued optimizer is taken for; ``right`` is empty where that is what its entry says."""

    cells: tuple[str, ...]
    right: bool


def hidden(target: str, always: Mapping[str, Any] | None = None, framework: str = "torch") -> str:
    """Return the target behind which all names of another are hidden; it is ``always`` given some settings."""
    fields = {"target": target, "always": dict(always or {}), "framework": framework}
    return f"_stepproof_worker.hidden:x{json.dumps(fields).encode().hex()}"


def chosen(library: str) -> Iterator[Implementation]:
    """Yield the entries of a library, once for each target with what it is always given."""
    seen = set()
    for item in (*CATALOGUE, *OTHERS):
        key = item.target, json.dumps(_always(item))
        if item.library == library and not item.adapts and key not in seen:
            seen.add(key)
            yield item


def _always(item: Implementation) -> dict[str, Any]:
    return {name: value for name, value in item.paths[0].constructor.items() if name not in ARRANGING}


def row_of(item: Implementation, session: Session) -> ConfusionRow:
    """Return what an entry is identified as behind its hidden names."""
    start = time.perf_counter()
    try:
        identity = identify(hidden(item.target, _always(item), item.framework), session)
    except (NotJudgeableError, TargetError) as error:
        return ConfusionRow(
            (item.identifier, f"makes no trial step: {str(error).splitlines()[0]}", "no", "", "", ""), right=False
        )
    seconds = f"{time.perf_counter() - start:.1f}"
    wanted = book.build(item.rule, item.options)
    verdict, right = _verdict(identity, wanted)
    taken = identity.best.rule.label if identity.best else "nothing"
    return ConfusionRow((item.identifier, taken, verdict, _same(identity), _following(identity), seconds), right)


def _verdict(identity: Identity, wanted: UpdateRule) -> tuple[str, bool]:
    """Return in words whether a target is taken for what its entry says, and whether it may be."""
    best = identity.best
    if best is None:
        return f"no: {wanted.label}", False
    if best.rule is wanted:
        return "yes", True
    others = [switch.rule for switch in identity.switches if switch.rule is not None]
    ways = {"on vectors": identity.on_vectors, **{f"with {s.name}": s.rule for s in identity.switches}}
    for words, candidate in ways.items():
        if candidate is not None and candidate.rule is wanted:
            return f"{words} {wanted.label}", True
    for candidate in (best, *others, *([identity.on_vectors] if identity.on_vectors else [])):
        if candidate.rule.name == wanted.name and proven_equal(candidate, as_in(candidate, wanted)):
            return f"as {wanted.label}, proven equal", True
    if wanted in {candidate.rule for candidate in identity.fitting}:
        return f"or {wanted.label}, which these steps do not tell apart", True
    return f"no: {wanted.label}", False


def _same(identity: Identity) -> str:
    said = []
    for other in identity.fitting[1:]:
        proof = "proven equal" if proven_equal(identity.fitting[0], other) else "not by these steps"
        said.append(f"{other.rule.label} ({proof})")
    return "; ".join(said)


def _following(identity: Identity) -> str:
    if identity.following is None:
        return ""
    agreement, candidate = identity.following
    return f"{agreement.distance:.1e} at step {agreement.steps + 1}: {candidate.rule.label}"


def curves(library: str) -> Iterator[Scheduler]:
    """Yield the entries of a library's schedulers that are no compositions, once for each target."""
    seen = set()
    for item in (*SCHEDULERS, *OTHER_SCHEDULERS):
        key = item.target, json.dumps(dict(item.constructor))
        if item.library == library and not item.composed and key not in seen:
            seen.add(key)
            yield item


def row_of_curve(item: Scheduler, session: Session) -> ConfusionRow:
    """Return what a scheduler's entry is identified as behind its hidden names."""
    start = time.perf_counter()
    framework = "jax" if item.interface == OPTAX else "scheduler"
    try:
        identity = identify_schedule(hidden(item.target, item.constructor, framework), session)
    except (NotJudgeableError, TargetError) as error:
        said = str(error).splitlines()[0].partition("`")[2].partition("` ")[2]
        return ConfusionRow((item.identifier, said, "no", "", "", ""), right=False)
    labels = list(dict.fromkeys(candidate.schedule.label for candidate in identity.fitting))
    alike = [one for one in (*SCHEDULERS, *OTHER_SCHEDULERS) if one.target == item.target]
    wanted = {
        schedules.build(one.schedule, {**one.options, **chosen}).label for one in alike for chosen in one.choices()
    }
    beside = {made.schedule.label for made in identity.beside.values() if made is not None}
    taken = labels[0] if labels else "nothing"
    verdict = "yes" if taken in wanted else "one of them" if wanted & set(labels) else "no"
    verdict = "with another argument" if verdict == "no" and wanted & beside else verdict
    nearest = identity.nearest
    following = f"t={nearest[0]}: {nearest[2].schedule.label}" if nearest else ""
    seconds = f"{time.perf_counter() - start:.1f}"
    return ConfusionRow((item.identifier, taken, verdict, "; ".join(labels[1:]), following, seconds), verdict != "no")


def main() -> None:
    """Print the tables of the libraries that are named; ends with status 1 where one is taken for another."""
    parser = argparse.ArgumentParser("python -m conformance.commands.confusions", description=__doc__)
    parser.add_argument("--library", action="append", choices=NAMES, help="a library (default: torch)")
    parser.add_argument("--what", choices=("optimizers", "schedulers"), help="one of the two tables")
    parser.add_argument("--python", help="the interpreter of the environment that has the libraries")
    arguments = parser.parse_args()
    console, wrong = Console(soft_wrap=True, highlight=False), 0
    libraries = arguments.library or ["torch"]
    with Session(arguments.python) as session:
        optimizers = (row_of(item, session) for library in libraries for item in chosen(library))
        schedulers = (row_of_curve(item, session) for library in libraries for item in curves(library))
        for heading, rows in (("optimizer", optimizers), ("scheduler", schedulers)):
            if arguments.what not in {None, f"{heading}s"}:
                continue
            names = (heading, *HEADINGS)
            console.print(f"\n| {' | '.join(names)} |\n|{' --- |' * len(names)}", markup=False)
            for row in rows:
                wrong += not row.right
                console.print(f"| {' | '.join(row.cells)} |", markup=False)
    raise SystemExit(1 if wrong else 0)


if __name__ == "__main__":
    main()
