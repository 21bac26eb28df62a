"""The references of schedules are judged as schedulers are: right ones conform, and wrong ones are found."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from conformance.catalogue.schedule_references import FunctionSubject, read_at, scheduler_subject
from conformance.catalogue.scheduler_units import SchedulerUnit, units
from conformance.claims import identifiers
from conformance.commands.judging import Order
from conformance.engine.judging import judge_cell
from conformance.engine.ledger import SCHEDULERS
from conformance.engine.power import Power
from conformance.engine.reduction import failures_of
from conformance.engine.verdict import CellResult, Verdict
from conformance.schedulers import mutants
from conformance.schedulers.cases import ScheduleCase, SchedulerNode
from conformance.schedulers.entries import entries, reference_entries
from conformance.schedulers.property import A_FUNCTION
from conformance.schedulers.schedule_kind import SCHEDULE
from impls.catalogue.scheduler_entries import Scheduler
from impls.session import Session, TargetError
from reference.schedules import references
from spec import rules as rule_book
from spec import schedules as book
from tests.builders import scheduler, scheduler_claim

SMALL, OF_A_REPORT = 2.0, 10.0
CHEAP = ("constant", "exponential", "given", "inverse_time", "multi_step", "step")
OF_FUNCTIONS = {
    "lr/in-force",
    "lr/range",
    "lr/first",
    "lr/restarts",
    "momentum/in-force",
    "epoch/closed-form",
    "epoch/restarts",
    "settings/edges",
    "plateau/improvement",
}
Mistake = Callable[..., Any]


def unit_of(entry: Scheduler, budget: float = SMALL) -> SchedulerUnit:
    """Return a unit of a scheduler with every claim."""
    (unit,) = units((entry,), properties=identifiers(SCHEDULERS), budget=budget, seed=0)
    return unit


def judged(unit: SchedulerUnit, name: str, power: Power | None = None) -> CellResult:
    """Return the verdict on one claim; no worker is started."""
    subject = unit.subject(Session("no interpreter at all"))
    return judge_cell(unit, subject, scheduler_claim(name), "", power or unit.power())


def cases_of(entry: Scheduler, steps: int, **settings: float) -> ScheduleCase:
    """Return a case of one group with an lr of 1."""
    options = next(entry.choices())
    return ScheduleCase(SchedulerNode(entry.identifier, options, (settings,)), (1.0,), steps)


def test_every_plain_schedule_has_an_entry_and_of_a_composition_the_parts_are_asked() -> None:
    """The entries are the references but those of what is made of others, and no name is that of a rule."""
    names = {entry.schedule for entry in reference_entries()}
    assert names == set(references()) - {"sequence", "chain"}
    assert not names & set(rule_book.names())
    assert all(entry in entries() for entry in reference_entries())


@pytest.mark.parametrize("entry", reference_entries(), ids=lambda entry: str(entry.identifier))
def test_every_option_is_a_switch_and_each_value_is_judged(entry: Scheduler) -> None:
    """Each value of each option of the family is in a variant that is judged."""
    wanted = {(option.name, value) for option in book.family(entry.schedule).options for value in option.values}
    assert {pair for chosen in entry.choices() for pair in chosen.items()} == wanted


@pytest.mark.parametrize("entry", reference_entries(), ids=lambda entry: str(entry.identifier))
def test_every_reference_conforms(entry: Scheduler) -> None:
    """Each claim that is about a function passes or has a reason of its own, and no other is asked."""
    unit = unit_of(entry)
    subject = unit.subject(Session())
    concerned = [name for name in identifiers(SCHEDULERS) if scheduler_claim(name).concerns(subject)]
    asked = [name for name in concerned if scheduler_claim(name).applies(subject) != A_FUNCTION]
    assert set(asked) == OF_FUNCTIONS & {*concerned}
    results = [judged(unit, name) for name in asked]
    assert {result.verdict for result in results} <= {Verdict.PASS, Verdict.NOT_APPLICABLE}, results
    assert all((result.verdict is Verdict.PASS) == (result.figures.values > 0) for result in results)


def test_each_claim_about_functions_is_asked_of_some_reference() -> None:
    """No claim that is asked of references is not applicable to all of them."""
    subjects = [unit_of(entry).subject(Session()) for entry in reference_entries()]
    claims = [scheduler_claim(name) for name in OF_FUNCTIONS]
    asked = {c.identifier for c in claims for s in subjects if c.concerns(s) and not c.applies(s)}
    assert asked == OF_FUNCTIONS


@pytest.mark.parametrize("name", CHEAP)
def test_every_mutant_of_the_schedule_is_killed_or_proven_equivalent(name: str) -> None:
    """At the budget of a report the cases of a reference alone tell each mutant from its schedule."""
    entry = scheduler(f"reference.{name}")
    power = Power(mutants.of)
    assert judged(unit_of(entry, OF_A_REPORT), "lr/in-force", power).verdict is Verdict.PASS
    for chosen in entry.choices():
        schedule = book.build(name, chosen)
        assert schedule.label in power.killed
        assert not [mutant.line for mutant in power.open(schedule) if not mutant.equivalent]


def one_late(right: Mistake) -> Mistake:
    """Return a schedule that is one step late."""
    return lambda options, settings, given, t: right(options, settings, given, max(0, t - 1))


def off_by_little(right: Mistake) -> Mistake:
    """Return a schedule that is off by one part in a million."""
    return lambda *given: right(*given) * (1 + 1e-6)


def below_zero_at_last(right: Mistake) -> Mistake:
    """Return a schedule that is negative far from its start."""
    return lambda options, settings, given, t: right(options, settings, given, t) if t < 60 else -1e-3


def negative_is_better(right: Mistake) -> Mistake:
    """Return a machine that takes a share of a negative metric with its sign."""
    return lambda options, settings, metrics: right({**options, "share": "signed"}, settings, metrics)


@pytest.mark.parametrize(
    ("name", "function", "mistake", "claim"),
    [
        ("cosine", "learning_rate", one_late, "lr/in-force"),
        ("cosine", "learning_rate", off_by_little, "epoch/closed-form"),
        ("exponential", "learning_rate", below_zero_at_last, "lr/range"),
        ("cyclic", "momentum", one_late, "momentum/in-force"),
        ("cosine_restarts", "learning_rate", one_late, "epoch/restarts"),
        ("cosine_restarts", "learning_rate", one_late, "lr/restarts"),
        ("multi_step", "learning_rate", one_late, "lr/first"),
        ("step", "learning_rate", off_by_little, "settings/edges"),
        ("plateau", "learning_rates", negative_is_better, "plateau/improvement"),
        ("greedy", "learning_rates", negative_is_better, "plateau/improvement"),
    ],
)
def test_a_wrong_reference_is_found(
    monkeypatch: pytest.MonkeyPatch, name: str, function: str, mistake: Callable[[Mistake], Mistake], claim: str
) -> None:
    """Each mistake in a reference fails the claim that speaks of it, with a finding that can be replayed."""
    module = importlib.import_module(f"reference.schedules.{name}")
    monkeypatch.setattr(module, function, mistake(getattr(module, function)))
    result = judged(unit_of(scheduler(f"reference.{name}"), OF_A_REPORT), claim)
    assert result.verdict is Verdict.FAIL
    (finding,) = result.findings
    case = SCHEDULE.read(finding.case["stored"])
    assert case.node.entry.identifier == f"reference.{name}"
    assert SCHEDULE.write(case) == finding.case["stored"]
    assert "needs stepproof itself" in finding.script


def test_an_exception_of_a_reference_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a reference raises is told as an exception of the scheduler, and the judge goes on."""
    module = importlib.import_module("reference.schedules.step")
    monkeypatch.setattr(module, "learning_rate", lambda *_: 1 // 0)
    result = judged(unit_of(scheduler("reference.step")), "lr/in-force")
    assert result.verdict is Verdict.FAIL
    assert "ZeroDivisionError" in result.findings[0].value


def test_a_cycle_is_over_after_its_end() -> None:
    """One step past the last the reference of the cycle raises, and says how long the cycle is."""
    entry = scheduler("reference.one_cycle")
    subject = scheduler_subject(entry, Session())
    assert isinstance(subject, FunctionSubject)
    values = {h.keyword: h.default for h in book.build("one_cycle").hyperparameters} | {"total_steps": 8}
    case = cases_of(entry, 8, **values)
    whole = subject.run(case, [["run", 7], ["read"]])
    assert len(whole["used"]) == len(whole["momentum"]) == 8
    assert whole["momentum"][0] == whole["momentum"][-1] == [0.95]
    with pytest.raises(TargetError, match="a cycle of 8 steps is over at step 8"):
        subject.run(case, [["run", 8], ["read"]])


def test_readings_are_where_the_actions_put_them() -> None:
    """Each kind of action reads at its own times, and one that a function does not have is named."""
    assert read_at([["read"], ["run", 2], ["read"]]) == ([0, 0, 1, 2], [])
    assert read_at([["epochs", [0.5, 3]], ["run", 1], ["read"]]) == ([0.5, 3, 3, 4], [])
    assert read_at([["read"], ["metrics", [1.0, 2.0]]]) == ([0, 1, 2], [1.0, 2.0])
    with pytest.raises(ValueError, match="no action 'save'"):
        read_at([["save", "pickle"]])


def test_groups_have_their_own_settings_and_metrics_are_counted() -> None:
    """Every reading has one value for each group; a machine is read before the first metric and after each."""
    entry = scheduler("reference.plateau")
    settings: dict[str, float] = {h.keyword: h.default for h in book.build("plateau").hyperparameters}
    settings |= {"patience": 0, "factor": 0.5}
    case = ScheduleCase(
        SchedulerNode(entry.identifier, next(entry.choices()), (settings, settings)), (1.0, 4.0), inputs=(1.0, 1.0)
    )
    used = scheduler_subject(entry, Session()).run(case, [["read"], ["metrics", [1.0, 1.0]]])["used"]
    assert used == [[1.0, 4.0], [1.0, 4.0], [0.5, 2.0]]


def test_the_references_of_schedules_are_judged_beside_the_catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    """`report --references` orders every entry, and without the switch none."""
    seen: list[Order] = []
    monkeypatch.setattr("conformance.commands.judging.judge", lambda order, *_: (seen.append(order), (None, 0))[1])
    from conformance.cli import main

    assert main(["report", "--library", "torch", "--references"]) == main(["report", "--library", "torch"]) == 0
    chosen: Sequence[Mapping[str, Scheduler]] = [{e.identifier: e for e in order.parts[0].schedulers} for order in seen]
    assert {entry.identifier for entry in reference_entries()} == {name for name in chosen[0] if name not in chosen[1]}


def test_a_line_is_walked_from_its_start() -> None:
    """Part of the way along a line the reference rounds as its formula does, not as one from the end."""
    node = SchedulerNode("reference.interpolated", {"anneal": "linear"}, ({},), (1, 48), ((0.5,) * 3,))
    case = ScheduleCase(node, (2.6150356744537184,), 7)
    subject = scheduler_subject(scheduler(node.scheduler), Session())
    assert not failures_of(subject, scheduler_claim("lr/in-force"), case)


def test_weight_averaging_has_its_last_learning_rate_to_the_last_bit() -> None:
    """From its end on the reference has the learning rate of averaging itself, and before that another."""
    settings = {"lr": 1.0, "swa_lr": 0.1, "anneal_epochs": 3}
    for anneal in ("cos", "linear"):
        found = references()["averaging"]({"anneal": anneal}, settings, {}, range(6))
        assert found[3:] == [0.1] * 3
        assert found[2] > 0.3
