"""Of all exceptions of an evaluation one alone says that a formula has no value."""

from __future__ import annotations

import pytest

from reference.undefined import Undefined, valued


@valued
def inverse(x: float, settings: dict[str, float]) -> float:
    """Return a multiple of 1/x."""
    return settings["lr"] / x


def test_python_s_own_numbers_end_where_a_formula_has_no_value() -> None:
    """A division by zero and an overflow are that, and a value is returned as it is."""
    assert inverse(4.0, {"lr": 1.0}) == 0.25
    with pytest.raises(Undefined, match="division by zero"):
        inverse(0.0, {"lr": 1.0})
    with pytest.raises(Undefined):
        valued(lambda: 10.0**400)()


def test_a_mistake_of_a_reference_is_no_missing_value() -> None:
    """A setting that it asks for and nobody has is raised as it is."""
    with pytest.raises(KeyError, match="lr"):
        inverse(4.0, {})
