"""Hyperparameters are drawn within their domain, and within what a ledger entry narrows it to."""

from __future__ import annotations

import hypothesis
import pytest
from hypothesis import strategies as st

from conformance.contract import settings
from conformance.engine import drawing
from conformance.optimizers.rule_variants import narrowed
from conformance.optimizers.strategies import hyperparameter
from spec import rules as book
from spec.rule import UpdateRule

ADAMW = book.build("adamw")


@pytest.mark.parametrize(
    ("keyword", "low", "high"),
    [
        ("betas[0]", 0.0, 0.9998),
        ("betas[1]", 0.0, 0.25),
        ("weight_decay", 0.0, 0.0),
        ("lr", 0.0, 5.0),
        ("eps", 0.25, 0.75),
    ],
)
@hypothesis.seed(0)
@drawing.settings(300)
@hypothesis.given(data=st.data())
def test_every_value_drawn_is_in_its_narrowed_domain(
    keyword: str, low: float, high: float, data: st.DataObject
) -> None:
    """No value that is drawn for a hyperparameter lies outside the domain that an entry leaves it."""
    item = next(h for h in _narrowed(keyword, low, high).hyperparameters if h.keyword == keyword)
    value = data.draw(hyperparameter(item))
    assert value in item.domain
    assert low <= value
    assert value < high or value == low


def test_the_settings_of_the_contract_are_in_their_narrowed_domain() -> None:
    """An experiment's settings stay within the domains that an entry leaves, where a default does not."""
    rate, decay = (next(h for h in ADAMW.hyperparameters if h.keyword == k) for k in ("lr", "weight_decay"))
    assert rate.default < 0.25
    assert settings.active(_narrowed("lr", 0.25, 0.5), {})[rate.symbol.name] == 0.25
    assert settings.active(ADAMW, {})[decay.symbol.name] > 0.0
    assert settings.active(_narrowed("weight_decay", 0.0, 0.0), {})[decay.symbol.name] == 0.0


def _narrowed(keyword: str, low: float, high: float) -> UpdateRule:
    return narrowed(ADAMW, {keyword: (low, high)})
