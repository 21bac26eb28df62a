"""All that is claimed of a scheduler."""

from __future__ import annotations

from conformance.schedulers import (
    checkpoints,
    composition,
    epoch_argument,
    horizons,
    learning_rate,
    plateau,
    setting_values,
    stepping,
    tensor_lr,
)

PROPERTIES = (
    *learning_rate.PROPERTIES,
    *checkpoints.PROPERTIES,
    *stepping.PROPERTIES,
    *tensor_lr.PROPERTIES,
    *epoch_argument.PROPERTIES,
    *horizons.PROPERTIES,
    *plateau.PROPERTIES,
    *setting_values.PROPERTIES,
    *composition.PROPERTIES,
)
