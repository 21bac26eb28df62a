"""All that is claimed of a scheduler."""

from __future__ import annotations

from conformance.schedulers import (
    added_groups,
    checkpoints,
    composition,
    epoch_argument,
    horizons,
    learning_rate,
    plateau,
    setting_values,
    stepping,
    tensor_lr,
    two_processes,
)

PROPERTIES = (
    *learning_rate.PROPERTIES,
    *checkpoints.PROPERTIES,
    *stepping.PROPERTIES,
    *added_groups.PROPERTIES,
    *tensor_lr.PROPERTIES,
    *epoch_argument.PROPERTIES,
    *horizons.PROPERTIES,
    *plateau.PROPERTIES,
    *setting_values.PROPERTIES,
    *composition.PROPERTIES,
    *two_processes.PROPERTIES,
)
