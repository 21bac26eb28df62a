"""The ledger is strict: its cases are replayed first, and one that no longer fails is a failure."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from conformance.catalogue.installed import NAMES
from conformance.commands import recording
from conformance.commands.recording import cells
from conformance.contract.clause_kind import CLAUSE
from conformance.engine.claim import Claim, Unit
from conformance.engine.ledger import SCHEDULERS, Entry, Stored, load, recorded
from conformance.engine.replay import replayed
from conformance.engine.verdict import CellResult, Verdict
from impls.catalogue.torch_optimizers import CATALOGUE
from impls.devices import HOST
from impls.libraries import LIBRARIES
from impls.session import Session
from tests.builders import claim, deviation, judged_beside

ENTRIES = tuple(entry for entry in load() if HOST in entry.devices or "*" in entry.devices)
"""Those that speak of this machine; `tests/devices` holds those of devices against what one answered."""
COMPILED = "STEPPROOF_COMPILED"
"""Asks for the entries of compiled steps too."""
Versions = Mapping[str, str]
SubjectOf = Callable[[Unit], Any]


@pytest.fixture(scope="module")
def versions(library_session: Session) -> Versions:
    """Return the version of each library that the worker can import."""
    return recording.installed(library_session)


@pytest.fixture(scope="module")
def subject_of(library_session: Session) -> SubjectOf:
    """Return what gives the subject of a unit, built once for each."""
    known: dict[str, Any] = {}

    def subject(unit: Unit) -> Any:
        if unit.label not in known:
            known[unit.label] = unit.subject(library_session)
        return known[unit.label]

    return subject


def _applying(entry: Entry, subject_of: SubjectOf, versions: Versions) -> list[tuple[Unit, Claim]]:
    """Return the cells that an entry names and whose property applies.

    What everybody inherits is looked for in torch's own optimizers: other code may do better.
    """
    named = (
        (unit, asked)
        for unit, asked in cells(entry, versions)
        if not entry.of_everybody or getattr(unit, "implementation", None) in CATALOGUE
    )
    return [
        (unit, asked)
        for unit, asked in named
        if asked.concerns(subject_of(unit)) and not asked.applies(subject_of(unit))
    ]


def _compiled(unit: Unit) -> bool:
    return bool(getattr(getattr(unit, "path", None), "compiled", False))


def _marked(entry: Entry) -> Any:
    """Return an entry as a parameter that needs the libraries of which it speaks."""
    spoken = [name for name in LIBRARIES if any(p.startswith(f"{name}.") for p in entry.implementations)]
    return pytest.param(entry, id=entry.identifier, marks=[pytest.mark.library(name) for name in spoken])


@pytest.mark.parametrize("entry", [_marked(known) for known in ENTRIES])
def test_every_cell_of_an_entry_is_shown_by_a_stored_case(
    entry: Entry, subject_of: SubjectOf, versions: Versions
) -> None:
    """In each cell that an entry names, some stored case still fails."""
    patterns = [name if "." in name else "torch." for name in entry.implementations]
    shipped = {name for name in NAMES for pattern in patterns if pattern.startswith(f"{name}.")}
    other = sorted(name for name in shipped if not recorded(name, versions[name]))
    if other:
        pytest.skip(f"not recorded with {', '.join(f'{name} {versions[name]}' for name in other)}")
    named = _applying(entry, subject_of, versions)
    assert named, "the entry matches no cell of the catalogue"
    asked = [cell for cell in named if os.environ.get(COMPILED) or not _compiled(cell[0])]
    if not asked:
        pytest.skip(f"every case is compiled for seconds: ask for it with {COMPILED}=1")
    hidden = [unit.cell(one.identifier) for unit, one in asked if not replayed(subject_of(unit), one, entry)]
    assert not hidden


@pytest.mark.parametrize("entry", [e for e in ENTRIES if e.chapter == SCHEDULERS], ids=lambda e: e.identifier)
def test_the_cases_of_a_scheduler_have_the_settings_that_its_entry_narrows(entry: Entry) -> None:
    """Each entry has a stored case, and names no setting that its cases do not have."""
    cases = [claim(stored.property, SCHEDULERS).kind.read(stored.case) for stored in entry.cases]
    assert cases
    assert set(entry.domains) <= {n for case in cases for values in case.node.settings for n in values}


COUNTER = deviation("torch-float32-step-counter")


@pytest.fixture
def unshown(subject_of: SubjectOf, versions: Versions) -> Callable[[bool], CellResult]:
    """Judge a cell whose entry its case does not show, with a version that was recorded or with another."""
    unit, asked = _applying(COUNTER, subject_of, versions)[0]
    case = asked.kind.read(COUNTER.cases[0].case)
    (group,) = case.groups
    tensor = dataclasses.replace(group.tensors[0], count=5)
    case = dataclasses.replace(case, groups=(dataclasses.replace(group, tensors=(tensor,)),))
    harmless = dataclasses.replace(COUNTER, cases=(Stored(asked.kind.name, asked.kind.write(case)),))

    def judge(recorded_: bool) -> CellResult:
        return judged_beside((harmless,), unit, subject_of(unit), asked, strict=recorded_)

    return judge


def test_a_deviation_that_no_longer_shows_fails_its_cell(unshown: Callable[[bool], CellResult]) -> None:
    """An entry whose case passes makes the verdict a failure that asks for its removal."""
    result = unshown(True)
    assert result.verdict is Verdict.FAIL
    assert "no longer shown" in result.reason
    assert "remove it from the ledger" in result.reason


def test_a_deviation_that_another_version_does_not_show_is_no_failure(unshown: Callable[[bool], CellResult]) -> None:
    """With a version that the ledger was not recorded with, a cell is judged as usual."""
    result = unshown(False)
    assert result.findings, "the cell itself was not judged"
    assert "no longer shown" not in result.reason


def test_a_deviation_without_an_entry_is_a_failure(subject_of: SubjectOf, versions: Versions) -> None:
    """With an empty ledger the float32 step counter fails."""
    unit, _ = _applying(COUNTER, subject_of, versions)[0]
    result = judged_beside((), unit, subject_of(unit), claim("state/step-count"))
    assert result.verdict is Verdict.FAIL
    assert result.findings[0].value == "16777216"


def test_the_case_of_one_clause_shows_nothing_of_another(subject_of: SubjectOf, versions: Versions) -> None:
    """A case without the arguments that a clause reads is not replayed, and not taken as a crash."""
    entry = deviation("torch-asgd-load-casts-its-numbers")
    named = _applying(entry, subject_of, versions)
    unit, life = next(pair for pair in named if pair[1].identifier == "life/interleaved")
    alone = tuple(c for c in entry.cases if c.kind == CLAUSE.name and "acts" not in CLAUSE.read(c.case).arguments)
    assert alone
    assert replayed(subject_of(unit), life, entry)
    assert not replayed(subject_of(unit), life, dataclasses.replace(entry, cases=alone)).replayed


@pytest.mark.parametrize(
    ("observed", "verdict"),
    [((), Verdict.DEVIATION), (("step 1: gradient 0, *",), Verdict.FAIL)],
    ids=["as it is", "of one gradient"],
)
def test_what_an_entry_does_not_explain_is_new(
    observed: tuple[str, ...], verdict: Verdict, subject_of: SubjectOf, versions: Versions
) -> None:
    """An entry that explains one gradient of two leaves the other's change a failure."""
    entry = deviation("torch-sgd-foreach-nesterov-overwrites-the-gradient")
    unit, asked = _applying(entry, subject_of, versions)[0]
    known = dataclasses.replace(entry, observed=observed or entry.observed)
    assert judged_beside((known,), unit, subject_of(unit), asked).verdict is verdict


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('[[optimizer]]\nid = "a"\nproperty = "*"\nimplementation = "*"\nreason = "r"\nwhy = "x"', "`why`"),
        ('[[optimizer]]\nid = "a"\nproperty = "*"\nimplementation = "*"', "`reason`"),
        ('[[optimizer]]\nid = "a"\nproperty = 1\nimplementation = "*"\nreason = "r"', "`int`"),
        ('[[deviation]]\nid = "a"', "a table `deviation`; known: optimizer, scheduler"),
    ],
)
def test_an_entry_that_is_not_whole_is_refused(tmp_path: Path, text: str, sentence: str) -> None:
    """A ledger with an unknown or a missing key names the entry and the key."""
    path = tmp_path / "ledger.toml"
    path.write_text(text)
    with pytest.raises(ValueError, match=sentence):
        load(path)
