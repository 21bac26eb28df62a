"""States of an optimizer whose steps are wrong are found by their names, and by elimination."""

from __future__ import annotations

import pytest

from conformance.recognition.state_names import named_alike

ADAM = [("exp_avg", "m"), ("exp_avg_sq", "v")]
SIZES = {"exp_avg": 4, "exp_avg_sq": 4}


@pytest.mark.parametrize(
    ("places", "found"),
    [
        ({"m": 4, "v": 4}, {"exp_avg": "m", "exp_avg_sq": "v"}),
        ({"first_moment": 4, "other": 4}, {"exp_avg": "first_moment", "exp_avg_sq": "other"}),
        (
            {"optimizer:mean/*": 4, "optimizer:variance/*": 4},
            {"exp_avg": "optimizer:mean/*", "exp_avg_sq": "optimizer:variance/*"},
        ),
        ({"kept/m/0": 4, "kept/v/0": 4}, {"exp_avg": "kept/m/0", "exp_avg_sq": "kept/v/0"}),
        ({"m": 1, "v": 4}, {"exp_avg_sq": "v"}),
        ({"this": 4, "that": 4}, {}),
        ({"m": 4, "this": 4, "that": 4}, {"exp_avg": "m"}),
    ],
)
def test_a_state_is_what_is_called_after_it_or_alone_is_left(places: dict[str, int], found: dict[str, str]) -> None:
    """Two that nothing tells apart are not guessed, and what has another size is no state."""
    assert named_alike(ADAM, places, SIZES) == found
