"""Every clause is broken by an optimizer written for it, and none by one that keeps them all."""

from __future__ import annotations

import ast
import dataclasses
from pathlib import Path

import pytest

from conformance.contract.breach import Breach
from conformance.contract.clause import Clause
from conformance.contract.clauses import BY_IDENTIFIER, CHAPTERS
from conformance.contract.clauses import CLAUSES as ALL
from conformance.engine.claim import Plan
from conformance.optimizers.subject import WorkerSubject
from conformance.recognition.optimizer import recognise
from impls.session import Session
from tests.builders import deviation, subject_of

FOLDER = Path(__file__).parent
CLAUSES = tuple(clause for clause in ALL if not clause.searching)
"""Those of searches have minimisers of their own."""
FILES = (*(f"{chapter.__name__.rpartition('.')[2]}.py" for chapter in CHAPTERS), "import_effects.py")
ON_FUSED = frozenset({"scaling/found-inf", "scaling/grad-scale", "scaling/scaler"})
OWN_PROGRAMS = frozenset({"whole/import", "whole/leaves-nothing"})
ON_DEVICE = frozenset({"groups/two-devices", "whole/captured", "whole/captured-settings", "whole/streams"})
"""They need another device, which `tests/devices` has."""
RULES = {"elements/flattened": "muon"}
"""The rules of optimizers that claim another one than adamw."""
DTYPES = {"precision/master-weights": "bfloat16", "precision/unbiased-rounding": "bfloat16"}
"""The formats of which clauses speak that say nothing of float32."""
FULL = Plan(12, 1, 0)
SHARE = 5
"""Of the clauses of other chapters each optimizer is asked one in so many, another share each."""


@dataclasses.dataclass(frozen=True)
class Broken:
    """An optimizer written to break a clause, and the clauses that are broken with that one."""

    target: str
    implied: frozenset[str]


def _written() -> dict[str, Broken]:
    """Return for each clause the optimizer whose docstring names it, first and before those it implies.

    A life, and what takes further processes, are not asked.
    """
    named = {clause.identifier for clause in CLAUSES}
    found = {}
    for name in FILES:
        for node in ast.parse((FOLDER / name).read_text()).body:
            words = (ast.get_docstring(node) or "").replace(",", "").split() if isinstance(node, ast.ClassDef) else []
            if isinstance(node, ast.ClassDef) and words and words[0] in named:
                found[words[0]] = Broken(f"{FOLDER / name}:{node.name}", frozenset(words[1:]) & named)
    return found


WRITTEN = _written()


def _subject(
    target: str, session: Session, path: str = "", rule: str = "adamw", dtype: str = "float32"
) -> WorkerSubject:
    item = recognise(target, rule, {}, session)
    subject = subject_of(item, session, path=path, dtype=dtype)
    return dataclasses.replace(subject, rules={(): subject.rules[()]})


def _breaches(clause: Clause, subject: WorkerSubject) -> list[Breach]:
    if clause.applies(subject):
        return []
    judged = clause.judge(subject, FULL)
    assert judged.stop is None, judged.stop
    assert judged.broken is None, judged.broken
    return [failure for failure in judged.tally.failures if isinstance(failure, Breach)]


def test_every_clause_has_an_optimizer_that_breaks_it() -> None:
    """No clause is without an optimizer written to break it."""
    assert {clause.identifier for clause in CLAUSES} == set(WRITTEN)


@pytest.mark.parametrize("path", ["single-tensor", "foreach", "fused"])
def test_an_optimizer_that_keeps_the_contract_breaks_no_clause(path: str, session: Session) -> None:
    """Every clause passes on every path of the optimizer from which the others are made."""
    subject = _subject(f"{FOLDER / 'kept.py'}:Kept", session, path)
    assert not [breach for clause in CLAUSES for breach in _breaches(clause, subject)]


def test_a_muon_that_keeps_the_contract_breaks_no_clause(session: Session) -> None:
    """Every clause that a rule of matrices has passes on an optimizer of one."""
    subject = _subject(f"{FOLDER / 'kept_muon.py'}:KeptMuon", session, rule="muon")
    assert not [breach for clause in CLAUSES for breach in _breaches(clause, subject)]


@pytest.mark.parametrize("name", [name for name in WRITTEN if name not in ON_DEVICE])
def test_a_violation_is_caught_by_its_clause_and_by_no_other(name: str, session: Session) -> None:
    """The clause that an optimizer breaks says so, and none of its chapter and of a share of the others does."""
    subject, others = _broken_alone(name, session)
    place, chapter = list(WRITTEN).index(name), name.partition("/")[0]
    near = [other for other in others if other.identifier.startswith(f"{chapter}/")]
    far = [other for other in others if other not in near]
    assert not {other.identifier for other in (*near, *far[place % SHARE :: SHARE]) if _breaches(other, subject)}


@pytest.mark.thorough
@pytest.mark.parametrize("name", [name for name in WRITTEN if name not in ON_DEVICE])
def test_a_violation_is_caught_by_no_other_clause_at_all(name: str, session: Session) -> None:
    """The clause that an optimizer breaks is the only one to say so, but for those it implies."""
    subject, others = _broken_alone(name, session)
    assert not {other.identifier for other in others if _breaches(other, subject)}


def _broken_alone(name: str, session: Session) -> tuple[WorkerSubject, list[Clause]]:
    """Return an optimizer whose clause has noticed it, and the clauses that must not."""
    path = "fused" if name in ON_FUSED else ""
    subject = _subject(WRITTEN[name].target, session, path, RULES.get(name, "adamw"), DTYPES.get(name, "float32"))
    clause = BY_IDENTIFIER[name]
    assert not clause.applies(subject)
    assert _breaches(clause, subject), "nobody noticed"
    silent = {name, "life/interleaved"} | WRITTEN[name].implied
    return subject, [other for other in CLAUSES if other.identifier not in silent and not _in_processes(other)]


@pytest.mark.parametrize(("name", "known"), [("TensorTwiceInGroup", True), ("TensorTwiceInSilence", False)])
def test_a_repeated_tensor_is_known_with_a_warning_alone(name: str, known: bool, session: Session) -> None:
    """The ledger explains a tensor that is stepped twice after a warning, and not in silence."""
    entry = deviation("torch-base-steps-a-repeated-tensor-twice")
    subject = _subject(f"{FOLDER / 'groups.py'}:{name}", session)
    breaches = _breaches(BY_IDENTIFIER["groups/tensor-twice-in-a-group"], subject)
    assert breaches
    assert {entry.explains(breach.told) for breach in breaches} == {known}


def _in_processes(clause: Clause) -> bool:
    """Tell whether a clause takes processes beside the worker, and so seconds."""
    return clause.identifier.startswith("distributed/") or clause.identifier in OWN_PROGRAMS
