"""Enclosures hold the references, refuse wrong ones, and agree with the balls."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from conformance.catalogue.numpy_references import variant_rules
from conformance.optimizers.agreement import shaped
from conformance.optimizers.cases import TensorCase
from conformance.optimizers.strategies import shape_of
from conformance.optimizers.tensor_values import REGIMES, expand
from reference import rules as references
from reference.balls.confirmation import confirm, enclose
from reference.formats import FLOAT16, FLOAT32, FORMATS, Array, Format
from reference.intervals.enclosure import StepEnclosure, as_intervals
from reference.intervals.interval import Interval
from reference.profile import Profile
from spec import rules as book
from spec.rule import UpdateRule

RULES = [rule for name in references.references() for rule in variant_rules(name).values()]
SETTINGS = {"eta": 1e-2, "beta1": 0.9, "beta2": 0.99, "epsilon": 1e-6, "lambda": 0.125, "mu": 0.9, "tau": 0.5}
KEPT = 0.25
"""The value of states that are one number for a tensor."""
WIDE = Profile(forms=frozenset({"*"}), intermediate="compute")


def scalars(rule: UpdateRule, t: int) -> dict[str, float]:
    """Return usual hyperparameters of a rule."""
    settings = {h.symbol.name: SETTINGS.get(h.symbol.name, h.default) for h in rule.hyperparameters}
    kept = {state.symbol.name: KEPT for state in rule.states if state.scalar}
    return settings | kept | {"t": float(t)}


def before(rule: UpdateRule, storage: Format, regime: str, size: int = 2000) -> dict[str, Array]:
    """Return a seeded lattice of parameter, states and gradient."""
    shape = shape_of(rule, size)
    values, gradients = expand(TensorCase(shape, 6, 11, regime), rule, storage, scalars(rule, 7))
    kept = {state.symbol.name: np.array([KEPT]) for state in rule.states if state.scalar}
    return shaped(rule, {**values, **kept, "g": gradients[0]}, shape)


def legal(rule: UpdateRule, storage: Format, arrays: Mapping[str, Array]) -> dict[str, Interval]:
    """Return the enclosure of one step."""
    formats = {state.symbol.name: references.kept_in(state, storage) for state in rule.states}
    with np.errstate(all="ignore"):
        return StepEnclosure(rule, WIDE, storage, scalars(rule, 7), formats)(as_intervals(arrays, storage))


@pytest.mark.parametrize("storage", FORMATS.values(), ids=lambda item: item.name)
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.label)
def test_the_reference_lies_inside(rule: UpdateRule, storage: Format) -> None:
    """The hand-written reference lies in the enclosure of its rule, in every regime."""
    judged = set()
    for regime in REGIMES:
        arrays = before(rule, storage, regime)
        with np.errstate(all="ignore"):
            after = references.step(rule, storage, scalars(rule, 7), arrays)
            for name, interval in legal(rule, storage, arrays).items():
                judged.add((regime, name))
                assert interval.contains(after[name].astype(storage.work)).all(), (regime, name)
    assert judged == {(regime, q.symbol.name) for regime in REGIMES for q in rule.quantities}


@pytest.mark.parametrize("wrong", [{"epsilon": "inside"}, {"decay": "coupled"}, {"maximize": "yes"}])
@pytest.mark.parametrize("storage", FORMATS.values(), ids=lambda item: item.name)
def test_another_option_lies_outside(storage: Format, wrong: dict[str, str]) -> None:
    """The reference of another option leaves the enclosure of AdamW."""
    rule, other = book.build("adamw"), book.build("adamw", wrong)
    arrays = before(rule, storage, "ordinary")
    with np.errstate(all="ignore"):
        after = references.step(other, storage, scalars(rule, 7), arrays)
        inside = legal(rule, storage, arrays)["theta"].contains(after["theta"].astype(storage.work))
    assert not inside.all()


def test_a_step_count_off_by_one_lies_outside() -> None:
    """The reference at t - 1 leaves the enclosure at t."""
    rule = book.build("adamw")
    arrays = before(rule, FLOAT32, "ordinary")
    with np.errstate(all="ignore"):
        after = references.step(rule, FLOAT32, scalars(rule, 6), arrays)
        assert not legal(rule, FLOAT32, arrays)["theta"].contains(after["theta"]).all()


@pytest.mark.parametrize("storage", FORMATS.values(), ids=lambda item: item.name)
@pytest.mark.parametrize("name", ["adamw", "amsgrad", "sgd", "rmsprop", "adamax", "lion", "yogi", "rprop"])
def test_balls_lie_in_the_fast_enclosure(name: str, storage: Format) -> None:
    """The exact ball enclosure of an element lies in the vectorised one."""
    rule = book.build(name)
    assert REGIMES
    for regime in REGIMES:
        arrays = before(rule, storage, regime, 30)
        fast = legal(rule, storage, arrays)
        assert rule.parameter.symbol.name in fast
        for place in range(30):
            point = {key: float(value[place]) for key, value in arrays.items()}
            for key, ball in enclose(rule, WIDE, storage, scalars(rule, 7), point).items():
                assert float(fast[key].lo[place]) <= float(ball.lo) or storage.precision == 53
                assert float(ball.hi) <= float(fast[key].hi[place]) or storage.precision == 53


def test_a_value_beyond_the_end_is_confirmed_and_a_legal_one_is_not() -> None:
    """Balls confirm the next float32 beyond the enclosure, and no value inside."""
    rule = book.build("adam")
    point = {"theta": 0.0, "m": 0.5, "v": 0.25, "g": 1.0}
    ball = enclose(rule, WIDE, FLOAT32, scalars(rule, 7), point)["theta"]
    inside = float(np.float32(float(ball.hi)))
    beyond = float(np.nextafter(np.float32(inside), np.float32(np.inf)))
    for value, outside in ((inside, False), (beyond, True)):
        found = confirm(rule, WIDE, FLOAT32, scalars(rule, 7), point, "theta", value)
        assert found.confirmed is outside


def test_the_floor_of_a_half_tensor_may_be_rounded_to_its_format() -> None:
    """Eager clamp compares float16 elements with a float16 bound: 32 quanta where the square is 31.85."""
    rule = book.build("adafactor", {"epsilon": "floor", "factored": "no"})
    epsilon = 0.0013777723570448503
    scalars = {"gamma": -2.0, "epsilon1": epsilon, "epsilon2": 1.0, "d": 1e4, "eta": 1.0, "lambda": 0.0, "t": 1.0}
    before = {"theta": np.zeros(1), "g": np.full(1, 2.0**-12), "V": np.zeros(1)}
    floor = float(np.float16(epsilon**2))
    assert floor != epsilon**2
    enclosure = StepEnclosure(rule, Profile(units={"root": 1.0}, bound="storage"), FLOAT16, scalars)
    legal = enclosure(as_intervals(before, FLOAT16))["theta"]
    direction = np.float16(2.0**-12) * np.float16(1 / np.sqrt(np.float32(floor)))
    value = np.array([-float(direction)], FLOAT16.work)
    assert legal.contains(value).all()
    narrow = StepEnclosure(rule, Profile(units={"root": 1.0}), FLOAT16, scalars)
    assert not narrow(as_intervals(before, FLOAT16))["theta"].contains(value).any()


def test_a_scalar_chosen_for_elements_of_a_half_tensor_may_be_rounded_to_its_format() -> None:
    """A factor of 1.2 that is written into a float16 tensor is 1.2001953125 there, and so the next step."""
    rule = book.build("rprop")
    scalars = {h.symbol.name: h.default for h in rule.hyperparameters} | {"t": 2.0}
    size, start = 1.5 * 2.0**-7, -1754 * 2.0**-17
    before = {"theta": np.full(1, start), "p": -np.ones(1), "s": np.full(1, size), "g": -np.ones(1)}
    value = np.array([float(np.float16(start + size * float(np.float16(1.2))))], FLOAT16.work)
    assert value != float(np.float16(start + size * 1.2))
    kernel = {"intermediate": "compute"}
    for bound, inside in (("storage", True), ("compute", False)):
        profile = Profile.from_mapping({**kernel, "bound": bound}, "rprop")
        legal = StepEnclosure(rule, profile, FLOAT16, scalars)(as_intervals(before, FLOAT16))["theta"]
        assert bool(legal.contains(value).all()) is inside
