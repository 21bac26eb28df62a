"""Compiled enclosures are those of the walk, and where nothing can be compiled the walk judges."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from conformance.optimizers.walked_and_compiled import Setup, differences, drawn
from reference.compiled import records, toolchain
from reference.compiled.step_judgement import StepJudge
from reference.compiled.task import nodes
from reference.formats import FLOAT32, FLOAT64, FORMATS
from reference.intervals.enclosure import StepEnclosure
from reference.intervals.interval import Interval
from reference.profile import Profile
from spec import cache_folder
from spec import rules as book

FLUSHED = Profile(forms=frozenset({"*"}), flush=True, coefficient="storage", bound="storage", scalar="float32")
LOOSE = Profile(forms=frozenset({"*"}), intermediate="compute", units={"root": 1.0})
MANY_POINTERS = Profile(forms=frozenset({"*"}), intermediate="compute", coefficient="storage", scalar="float32")
SETUPS = {
    "lion, flushed": ("lion", {"maximize": "yes"}, FLUSHED, "float32"),
    "nadam, a number for a tensor": ("nadam", {"schedule": "shared"}, Profile(contraction=False), "float16"),
    "rprop, comparisons": ("rprop", {}, FLUSHED, "bfloat16"),
    "adagrad, long double": ("adagrad", {}, LOOSE, "float64"),
    "lion, as written": ("lion", {}, Profile(), "float32"),
    "adamax, more pointers than registers": ("adamax", {}, MANY_POINTERS, "bfloat16"),
}
compiled = pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Code is kept in a folder of the test, and made with little optimization, which takes less time."""
    monkeypatch.setenv(cache_folder.FOLDER, str(tmp_path))
    monkeypatch.delenv(toolchain.COMPILER, raising=False)
    monkeypatch.setattr(toolchain, "FLAGS", tuple(flag for flag in toolchain.FLAGS if flag != "-ftree-vectorize"))
    monkeypatch.setattr(records, "_KNOWN", {})
    forgotten = (toolchain.compiler, cache_folder.folder, toolchain._machine)
    for function in forgotten:
        function.cache_clear()
    yield
    for function in forgotten:
        function.cache_clear()


def setup(name: str) -> Setup:
    """Return one of the setups with the defaults of its rule."""
    rule_name, options, profile, storage = SETUPS[name]
    rule = book.build(rule_name, options)
    scalars = {h.symbol.name: h.default for h in rule.hyperparameters} | {"t": 7.0}
    scalars |= {state.symbol.name: 0.25 for state in rule.states if state.scalar}
    states = {state.symbol.name: FLOAT32 for state in rule.states if storage != "float64"}
    return Setup(rule, profile, FORMATS[storage], states, scalars)


@compiled
@pytest.mark.parametrize("name", SETUPS)
def test_compiled_enclosures_are_those_of_the_walk(name: str) -> None:
    """Ends, flags, counts and ratios are the same in every regime, with infinities and NaN among the values."""
    chosen = setup(name)
    assert chosen.compiled()
    for regime in ("ordinary", "wide", "extreme"):
        before = drawn(chosen, 3000, 5, regime)
        after = {q.symbol.name: before[q.symbol.name] for q in chosen.rule.quantities if not q.scalar}
        compared, different = differences(chosen, before, after)
        assert compared > 3 * 3000
        assert different == 0


@compiled
def test_an_uncertain_state_is_compiled_too() -> None:
    """From intervals, as in a trajectory, compiled ends are those of the walk."""
    chosen = setup("adagrad, long double")
    before = drawn(chosen, 500, 3, "ordinary")
    known: dict[str, Interval] = {}
    for name, value in before.items():
        wide = value.astype(chosen.storage.work)
        known[name] = Interval(wide, np.nextafter(wide, np.inf)) if name != "g" else Interval.exactly(wide)
    task = chosen.judge.task(frozenset({"g"}))
    assert records.record(task).compile(chosen.judge.accepts)
    with np.errstate(all="ignore"):
        walked, found = chosen.judge.walked(known, {}, 500), chosen.judge(known, {}, 500)
    assert walked.legal.keys() >= {"theta"}
    for name, legal in walked.legal.items():
        assert np.array_equal(legal.lo, found.legal[name].lo, equal_nan=True)
        assert np.array_equal(legal.hi, found.legal[name].hi, equal_nan=True)


@compiled
def test_a_wrong_value_is_found_in_its_place() -> None:
    """Of two wrong values compiled code counts both and names the first."""
    chosen = setup("lion, as written")
    assert chosen.compiled()
    before = {name: np.full(300, 0.5, np.float32) for name in ("theta", "m", "g")}
    legal = chosen.judge(before, {}, 300).legal["theta"]
    after = legal.lo.astype(np.float32)
    after[[200, 250]] += 1
    judged = chosen.judge(before, {"theta": after}, 0)
    assert judged.outside == {"theta": (2, 200)}


def test_code_is_made_when_walking_has_cost_as_much(monkeypatch: pytest.MonkeyPatch) -> None:
    """What costs little is walked; when all processes together have walked for long enough it is compiled."""
    built: list[str] = []
    monkeypatch.setattr(toolchain, "build", lambda _, source, __: built.append(source))
    monkeypatch.setattr(toolchain, "compiler", lambda: "cc")
    monkeypatch.setattr(toolchain, "_machine", lambda: b"")
    judge = setup("lion, as written").judge
    task = judge.task(frozenset({"g", "m", "theta"}))
    elements = int(4 * records.COST / records.ELEMENT / len(nodes(task.program)))
    records.record(task).add(elements // 10, judge.accepts)
    assert built == []
    monkeypatch.setattr(records, "_KNOWN", {})
    records.record(task).add(elements, judge.accepts)
    assert len(built) == 1
    assert "step(" in built[0]


@compiled
def test_a_compiler_is_used_where_there_is_one() -> None:
    """Nobody need name a compiler: what is judged often enough is judged by compiled code."""
    chosen = setup("lion, as written")
    before = {name: np.full(40_000_000, 0.5, np.float32) for name in ("theta", "m", "g")}
    task = chosen.judge.task(frozenset(before))
    records.record(task).add(before["g"].size, chosen.judge.accepts)
    assert records.record(task).step is not None


@compiled
def test_code_that_returns_something_else_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was made is held against the walk before it is used, and leaves nothing where it differs."""
    chosen = setup("lion, as written")
    written = records.source
    monkeypatch.setattr(records, "source", lambda task: written(task).replace("+ b.lo", "- b.lo"))
    found = records.record(chosen.judge.task(frozenset({"g", "m", "theta"})))
    assert not found.compile(chosen.judge.accepts)
    assert list((toolchain.folder() or Path()).glob("*.so")) == []
    monkeypatch.setattr(records, "source", written)


@compiled
@pytest.mark.parametrize("harm", ["cut short", "changed", "of another"])
def test_code_that_was_harmed_is_not_loaded(harm: str) -> None:
    """A file that is cut short, changed or that of another task is as if there were none, and is made anew."""
    chosen = setup("lion, as written")
    assert chosen.compiled()
    kept = next((toolchain.folder() or Path()).glob("*.so"))
    whole = kept.read_bytes()
    if harm == "of another":
        other = kept.with_name(f"{'0' * 40}.so")
        kept.rename(other)
        kept = other
    else:
        kept.write_bytes(whole[:-100] if harm == "cut short" else whole[:500] + b"?" + whole[501:])
    assert toolchain.load(kept) is None


@compiled
def test_code_leaves_the_processor_as_it_was() -> None:
    """After code has run that needs more pointers than there are registers long doubles are numbers still."""
    chosen = setup("adamax, more pointers than registers")
    assert chosen.compiled()
    before = drawn(chosen, 3000, 5, "ordinary")
    for _ in range(2):
        chosen.judge(before, {}, 3000)
        assert not np.isnan(np.full(64, 2, np.longdouble).sum() * np.sqrt(np.longdouble(3)))


def test_without_a_compiler_the_walk_judges(monkeypatch: pytest.MonkeyPatch) -> None:
    """With an empty name of a compiler nothing is compiled, and the step is enclosed all the same."""
    monkeypatch.setenv(toolchain.COMPILER, "")
    toolchain.compiler.cache_clear()
    try:
        chosen = setup("lion, as written")
        assert not chosen.compiled()
        before = {name: np.full(3, 0.5, np.float32) for name in ("theta", "m", "g")}
        assert chosen.judge(before, {"theta": before["theta"]}, 3).outside == {"theta": (3, 0)}
    finally:
        toolchain.compiler.cache_clear()


@compiled
def test_a_compiler_that_fails_leaves_the_walk(monkeypatch: pytest.MonkeyPatch) -> None:
    """A compiler that ends with an error costs nothing but the time that it took."""
    monkeypatch.setattr(toolchain, "FLAGS", ("--no-such-flag",))
    assert not setup("lion, as written").compiled()


def test_a_folder_that_others_can_write_to_is_not_used(tmp_path: Path) -> None:
    """Code is loaded only from where nobody else can have put it."""
    (tmp_path / "compiled").mkdir()
    (tmp_path / "compiled").chmod(0o777)
    cache_folder.folder.cache_clear()
    assert toolchain.folder() is None


def test_an_element_is_enclosed_whatever_its_neighbours_are() -> None:
    """NaN or a subnormal beside an element changes nothing of its enclosure."""
    chosen, different = setup("lion, flushed"), []
    enclose = StepEnclosure(chosen.rule, chosen.profile, FLOAT32, chosen.scalars, chosen.state_formats)
    alone = drawn(chosen, 64, 1, "ordinary")
    for beside in (np.nan, np.inf, 1e-42):
        before = {name: np.append(value, np.float32(beside)) for name, value in alone.items()}
        with np.errstate(all="ignore"):
            first, second = (
                enclose({name: Interval.exactly(value.astype(float)) for name, value in of.items()})
                for of in (alone, before)
            )
        for name, legal in first.items():
            ends = ((legal.lo, second[name].lo), (legal.hi, second[name].hi))
            different += [name for a, b in ends if not np.array_equal(a, b[:-1], equal_nan=True)]
    assert different == []


def test_a_state_that_is_one_number_for_all_elements_is_judged_as_such() -> None:
    """A line without tensors leaves one number, which the next step has for every element."""
    scalars = {"eta": 0.5, "beta1": 0.5, "beta2": 0.5, "epsilon": 0.0, "t": 2.0}
    judge = StepJudge(book.build("adam"), Profile(), FLOAT64, scalars)
    work = FLOAT64.work.type
    known = {name: Interval.exactly(np.arange(1, 6, dtype=FLOAT64.work)) for name in ("theta", "v", "g")}
    one, each = (judge({**known, "m": Interval.exactly(m)}, {}, 5) for m in (work(0.25), np.full(5, work(0.25))))
    assert "theta" in each.legal
    for name, interval in each.legal.items():
        assert (one.legal[name].lo == interval.lo).all()
        assert (one.legal[name].hi == interval.hi).all()
