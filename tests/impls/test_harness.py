"""What an experiment saw is told so that what differs can be read."""

from __future__ import annotations

import pytest
import torch

from impls.worker.contract.harness import described


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (torch.tensor(2.0), "a tensor of 2.0"),
        (torch.ones(2, 3), "a tensor of shape [2, 3]"),
        (2, 2),
        (None, "nothing"),
        ("two", "'two'"),
    ],
)
def test_a_number_is_told_as_what_it_is_in_a_tensor_too(value: object, told: object) -> None:
    """Two counts that differ are not told as two tensors of one shape."""
    assert described(value) == told
