"""The coverage of a run: which parts of a formula its cases make visible, and how small an error of each."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from io import StringIO

import pytest
import sympy as sp
from rich.console import Console

from conformance.commands.console import figures, show_report
from conformance.engine.claim import Plan
from conformance.engine.coverage import COVERAGE, ERRORS, Coverage
from conformance.engine.evidence import Exhibit
from conformance.engine.exhibits import CoverageEntry
from conformance.engine.power import Power
from conformance.optimizers import coverage, mutants
from conformance.optimizers.properties import LOCAL
from conformance.optimizers.subject import WorkerSubject
from conformance.report import covered, gates, model
from conformance.report.assembly import exhibited
from conformance.report.coverage_plot import coverage_plot
from conformance.report.coverage_section import part_entries, shown_by
from conformance.report.model import GateStatus, PartEntry, PartStatus
from conformance.report.page import render_page
from impls.catalogue.torch_optimizers import CATALOGUE
from impls.session import Session
from spec import rules as book
from spec.mutants.parts import SCALE, parts
from spec.rule import UpdateRule
from tests.builders import subject_of
from tests.conformance.test_gates import sound

ITEMS = {item.identifier: item for item in CATALOGUE}
ADAMW = ITEMS["torch.AdamW"]


def exhibits_of(subject: WorkerSubject, cases: int = 6) -> list[Exhibit]:
    """Return what local agreement exhibits of the coverage of some cases."""
    evidence = LOCAL.judge(subject, Plan(cases, 128, 0, Power(mutants.of)))
    assert evidence.stop is None
    return [exhibit for exhibit in evidence.tally.exhibits if exhibit.sort == COVERAGE]


def parts_of(rule: UpdateRule, exhibits: Iterable[Exhibit]) -> Mapping[str, PartEntry]:
    """Return what the report says of each part of a rule."""
    entries = part_entries(rule, shown_by(exhibited(exhibits, COVERAGE, CoverageEntry)))
    return {f"{part.line}: {part.name}": part for part in entries}


def reported(*entries: PartEntry) -> model.Report:
    """Return the report of a run that is sound, with these parts of its formula."""
    whole = sound()
    variant = dataclasses.replace(whole.rules[0].variants[0], parts=entries)
    return dataclasses.replace(whole, rules=(dataclasses.replace(whole.rules[0], variants=(variant,)),))


@pytest.fixture(scope="module")
def adamw(session: Session) -> WorkerSubject:
    """Return AdamW of torch in its plain variant."""
    subject = subject_of(ADAMW, session)
    return dataclasses.replace(subject, rules={(): subject.rules[()]})


@pytest.mark.parametrize("name", sorted(book.families()))
def test_a_part_is_the_formula_but_for_one_factor(name: str) -> None:
    """With the factor at one each part of every rule's formula is the formula, and at another it is not written so."""
    rule = book.build(name)
    found = parts(rule)
    assert len({part.identifier for part in found}) == len(found)
    for part in found:
        for line, own in zip(part.wrong.program, rule.program, strict=True):
            assert sp.simplify(line.expression.subs(SCALE, 1) - own.expression) == 0, part.identifier
        assert any(line.expression.has(SCALE) for line in part.wrong.program), part.identifier


def test_every_setting_that_a_step_reads_is_a_part() -> None:
    """AdamW's settings are parts by their keywords, and each addend of each line is one."""
    found = [part.identifier for part in parts(book.build("adam", {"decay": "decoupled"}))]
    assert found[-5:] == ["lr", "betas[0]", "betas[1]", "eps", "weight_decay"]
    assert {"beta1*m in m_t", "g*(1 - beta1) in m_t", "-beta1 of 1 - beta1 in m_t", "epsilon in d_t"} <= set(found)


def test_all_of_adamw_is_seen_with_its_usual_cases(adamw: WorkerSubject) -> None:
    """The cases of AdamW show every term and setting, most of them on many element-cases and down to small errors."""
    rule = adamw.rules[()]
    found = parts_of(rule, exhibits_of(adamw))
    assert len(found) == len(parts(rule))
    assert [name for name, part in found.items() if part.status is not PartStatus.VERIFIED] == []
    (gradient,) = found["m_t: g*(1 - beta1)"].formats
    assert gradient.dtype == "float32"
    assert gradient.looked_at >= gradient.mattered > 100
    assert list(gradient.caught) == sorted(gradient.caught, reverse=True)
    assert gradient.smallest is not None
    assert gradient.smallest <= 2.0**-16


def test_what_no_case_makes_visible_is_not_verified(adamw: WorkerSubject) -> None:
    """Where weight decay is 0 in every case, it and its term are not verified, and nothing else."""
    subject = dataclasses.replace(adamw, fixed={"lambda": 0.0})
    found = parts_of(adamw.rules[()], exhibits_of(subject))
    missing = [name for name, part in found.items() if part.status is not PartStatus.VERIFIED]
    assert missing == ["thetatilde_t: -eta*lambda of -eta*lambda + 1", ": weight_decay"]
    assert {found[name].status for name in missing} == {PartStatus.NOT_VERIFIED}
    said = figures(reported(*found.values()))
    assert any(
        line.startswith(f"seen    {len(found) - 2} of {len(found)} terms and settings of formulas") for line in said
    )
    assert "  not verified: weight_decay of adam()" in said


def test_the_same_cases_show_the_same(adamw: WorkerSubject) -> None:
    """What is exhibited follows from the cases alone."""
    assert exhibits_of(adamw, 4) == exhibits_of(adamw, 4)


@pytest.mark.parametrize("name", ["torch.AdamW", "torch.NAdam", "torch.Adafactor", "torch.Rprop"])
def test_a_part_without_an_error_is_in_its_enclosure(
    name: str, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error of 0 is noticed on no element-case: all that is counted comes of the error."""
    monkeypatch.setattr(coverage, "ERRORS", (0.0,) * len(ERRORS))
    subject = subject_of(ITEMS[name], session)
    switches, rule = next(iter(subject.rules.items()))
    (exhibit,) = exhibits_of(dataclasses.replace(subject, rules={switches: rule}), 3)
    seen = exhibit.data["parts"].values()
    assert len(seen) == len(parts(rule))
    assert {part["caught"] for part in seen} == {()}


@pytest.mark.parametrize(("name", "of"), [("rprop", "g*p in q_t"), ("radam", "v_t/c2 in vhat_t")])
def test_what_is_proven_to_change_nothing_is_no_gap(name: str, of: str) -> None:
    """A line of which only the sign is read, and one that nothing reads, have no effect; their neighbours have."""
    found = {part.identifier: part for part in parts(book.build(name))}
    assert coverage.without_effect(found[of])
    assert not coverage.without_effect(found["theta in theta_t" if name == "rprop" else "beta1*m in m_t"])


def test_a_part_is_looked_at_until_a_case_shows_it(adamw: WorkerSubject) -> None:
    """What is seen at once is looked at on few samples, and what is not on all of them."""
    subject = dataclasses.replace(adamw, fixed={"lambda": 0.0})
    (exhibit,) = exhibits_of(subject)
    looked = {name: part["looked_at"] for name, part in exhibit.data["parts"].items()}
    assert looked["weight_decay"] > 3 * looked["lr"]


def test_a_gap_is_told_everywhere_and_fails_no_run() -> None:
    """A part that is not verified is a gate that is told on the page and the console, and not enforced."""
    gap = PartEntry(
        "weight_decay", "", "setting", PartStatus.NOT_VERIFIED, (model.PartInFormat("float32", 9, 0, None, (0,) * 11),)
    )
    held = PartEntry(
        "beta1*m", "m_t", "term", PartStatus.VERIFIED, (model.PartInFormat("float32", 9, 4, 0.25, (4, 2, *(0,) * 9)),)
    )
    whole = reported(held, gap)
    gate = next(gate for gate in gates.gates(whole) if gate.name == "parts")
    assert (gate.observed, gate.status, gate.enforced) == (1, GateStatus.NOT_MET, False)
    assert gates.outcome(whole) is gates.outcome(sound())
    console = Console(file=StringIO(), width=200, color_system=None)
    show_report(console, whole, "a folder")
    assert "not verified: weight_decay of adam()" in console.file.getvalue()  # type: ignore[attr-defined]
    page = render_page(whole)
    assert "Not verified:" in page
    assert "<code>weight_decay of adam()</code>" in page
    assert "m_t: beta1*m" in page
    assert "Not verified:" not in render_page(reported(held))


def test_what_was_not_measured_has_no_plot_and_no_gate() -> None:
    """Without coverage nothing is said of parts."""
    whole = reported()
    assert covered.sentence(whole.rules) == ""
    assert coverage_plot(whole.rules[0], ERRORS) == ""
    gate = next(gate for gate in gates.gates(whole) if gate.name == "parts")
    assert gate.status is GateStatus.NOT_MEASURED


def test_what_cells_see_is_added() -> None:
    """Counts of cells of one format are one count, and zeros at the end are left out of what is kept."""
    seen = Coverage()
    seen.of("adam()", "lr").caught[0] = 3
    seen.of("adam()", "lr").looked_at = 5
    (exhibit,) = seen.exhibits("float32")
    assert exhibit.data["parts"]["lr"] == {"looked_at": 5, "caught": (3,)}
    total = shown_by(exhibited([exhibit, exhibit], COVERAGE, CoverageEntry))["adam()"]["lr"]["float32"]
    assert (total.looked_at, total.caught[:2]) == (10, [6, 0])
