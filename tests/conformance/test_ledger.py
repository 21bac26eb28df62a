"""The ledger is strict: its cases are replayed first, and one that no longer fails is a failure."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from conformance import deviations, engine
from conformance.cases import from_plain, to_plain
from conformance.claims import BY_IDENTIFIER, Claim
from conformance.contract.case import ClauseCase
from conformance.engine import Unit, judge_cell, subject_of
from conformance.installation import NAMES, version
from conformance.ledger import Entry, load, recorded
from conformance.power import Power
from conformance.record import cells
from conformance.verdict import CellResult, Verdict
from impls.catalogue import CATALOGUE
from impls.libraries import LIBRARIES, OTHERS
from impls.session import Session

ENTRIES = load()
COMPILED = "STEPPROOF_COMPILED"
"""Asks for the entries of compiled steps too."""


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    """Return one worker for all tests; STEPPROOF_LIBRARIES names an interpreter with every library."""
    with Session(os.environ.get("STEPPROOF_LIBRARIES")) as opened:
        yield opened


@pytest.fixture(scope="module")
def versions(session: Session) -> dict[str, str]:
    """Return the version of each library that the worker can import."""
    first = {item.library: item for item in (*CATALOGUE, *OTHERS)}
    return {name: version(item, session) for name, item in first.items()}


def _applying(entry: Entry, session: Session, versions: Mapping[str, str]) -> list[tuple[Unit, Claim]]:
    """Return the cells that an entry names and whose property applies.

    What everybody inherits is looked for in torch's own optimizers: other code may do better.
    """
    named = (
        (unit, claim)
        for unit, claim in cells(entry, versions, "cpu")
        if unit.implementation in CATALOGUE or not entry.of_everybody
    )
    return [(unit, claim) for unit, claim in named if not claim.applies(subject_of(unit, session))]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.identifier)
def test_every_cell_of_an_entry_is_shown_by_a_stored_case(
    entry: Entry, session: Session, versions: Mapping[str, str]
) -> None:
    """In each cell that an entry names, some stored case still fails."""
    absent = [name for name in LIBRARIES if not versions[name]]
    if any(pattern.startswith(f"{name}.") for pattern in entry.implementations for name in absent):
        pytest.skip(f"not installed: {', '.join(absent)}")
    patterns = [name if "." in name else "torch." for name in entry.implementations]
    shipped = {name for name in NAMES for pattern in patterns if pattern.startswith(f"{name}.")}
    other = sorted(name for name in shipped if not recorded(name, versions[name]))
    if other:
        pytest.skip(f"not recorded with {', '.join(f'{name} {versions[name]}' for name in other)}")
    named = _applying(entry, session, versions)
    if named and all(unit.path.compiled for unit, _ in named) and not os.environ.get(COMPILED):
        pytest.skip(f"every case is compiled for seconds: ask for it with {COMPILED}=1")
    assert named, "the entry matches no cell of the catalogue"
    for unit, claim in named:
        if unit.path.compiled and not os.environ.get(COMPILED):
            continue
        assert deviations.replayed(subject_of(unit, session), claim, entry), unit.cell(claim.identifier)


@pytest.fixture
def unshown(
    session: Session, versions: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> Callable[[bool], CellResult]:
    """Judge a cell whose entry its case does not show, with a version that was recorded or with another."""
    entry = next(e for e in ENTRIES if e.identifier == "torch-float32-step-counter")
    unit, claim = next(iter(_applying(entry, session, versions)))
    plain = to_plain(entry.cases[0])
    plain["groups"][0]["tensors"][0]["count"] = 5
    harmless = dataclasses.replace(entry, cases=(from_plain(plain),))
    monkeypatch.setattr(engine, "load", lambda: (harmless,))

    def judge(recorded_: bool) -> CellResult:
        monkeypatch.setattr(engine, "recorded", lambda *_: recorded_)
        return judge_cell(unit, subject_of(unit, session), claim, versions["torch"], Power())

    return judge


def test_a_deviation_that_no_longer_shows_fails_its_cell(unshown: Callable[[bool], CellResult]) -> None:
    """An entry whose case passes makes the verdict a failure that asks for its removal."""
    result = unshown(True)
    assert result.verdict is Verdict.FAIL
    assert "no longer shown" in result.reason
    assert "remove it from the ledger" in result.reason


def test_a_deviation_that_another_version_does_not_show_is_no_failure(
    unshown: Callable[[bool], CellResult],
) -> None:
    """With a version that the ledger was not recorded with, a cell is judged as usual."""
    result = unshown(False)
    assert result.findings, "the cell itself was not judged"
    assert "no longer shown" not in result.reason


def test_a_deviation_without_an_entry_is_a_failure(
    session: Session, versions: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With an empty ledger the float32 step counter fails."""
    entry = next(e for e in ENTRIES if e.identifier == "torch-float32-step-counter")
    unit, _ = next(iter(_applying(entry, session, versions)))
    monkeypatch.setattr(engine, "load", tuple)
    claim = BY_IDENTIFIER["state/step-count"]
    result = judge_cell(unit, subject_of(unit, session), claim, versions["torch"], Power())
    assert result.verdict is Verdict.FAIL
    assert result.findings[0].value == "16777216"


def test_the_case_of_one_clause_shows_nothing_of_another(
    session: Session, versions: Mapping[str, str]
) -> None:
    """A case without the arguments that a clause reads is not replayed, and not taken as a crash."""
    entry = next(e for e in ENTRIES if e.identifier == "torch-asgd-load-casts-its-numbers")
    named = _applying(entry, session, versions)
    unit, life = next(pair for pair in named if pair[1].identifier == "life/interleaved")
    subject = subject_of(unit, session)
    alone = [case for case in entry.cases if isinstance(case, ClauseCase) and "acts" not in case.arguments]
    assert alone
    assert deviations.replayed(subject, life, entry)
    assert not deviations.replayed(subject, life, entry.with_cases(alone)).replayed


def test_what_an_entry_does_not_explain_is_new(
    session: Session, versions: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An entry that explains one gradient of two leaves the other's change a failure."""
    name = "torch-sgd-foreach-nesterov-overwrites-the-gradient"
    entry = next(e for e in ENTRIES if e.identifier == name)
    unit, claim = next(iter(_applying(entry, session, versions)))
    verdicts = []
    for observed in (entry.observed, ("step 1: gradient 0, *",)):
        known = dataclasses.replace(entry, observed=observed)
        monkeypatch.setattr(engine, "load", lambda known=known: (known,))
        result = judge_cell(unit, subject_of(unit, session), claim, versions["torch"], Power())
        verdicts.append(result.verdict)
    assert verdicts == [Verdict.DEVIATION, Verdict.FAIL]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('[[deviation]]\nid = "a"\nwhy = "x"', "has an unknown key `why`"),
        ('[[deviation]]\nid = "a"\nproperty = "*"\nimplementation = "*"', "lacks `reason`"),
    ],
)
def test_an_entry_that_is_not_whole_is_refused(tmp_path: Path, text: str, sentence: str) -> None:
    """A ledger with an unknown or a missing key names the entry and the key."""
    path = tmp_path / "ledger.toml"
    path.write_text(text)
    with pytest.raises(ValueError, match=sentence):
        load(path)
