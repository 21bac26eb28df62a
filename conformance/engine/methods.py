"""The methods in which a breach of a claim is written, the likeliest first: the first that somebody wrote is meant."""

from __future__ import annotations

STEP = ("step",)
"""What an optimizer computes."""
CONSTRUCTOR = ("__init__", "step")
LOADING = ("load_state_dict", "__setstate__", "step")
REFUSING_A_CHECKPOINT = ("load_state_dict", "__setstate__", "__init__", "step")
SAVING = ("load_state_dict", "__setstate__", "state_dict", "step")
JOINING_GROUP = ("add_param_group", "step")

LEARNING_RATE = ("get_lr", "_get_lr", "step")
"""What a scheduler computes: most leave the step to the framework."""
CONSTRUCTOR_OF_SCHEDULER = ("__init__", *LEARNING_RATE)
SAVING_A_SCHEDULER = ("load_state_dict", "state_dict", *LEARNING_RATE)
CLOSED_FORM = ("_get_closed_form_lr", "step", "get_lr")
REPORTED = ("get_last_lr", "step")
ORDER = ("step", "get_lr")
IMPROVEMENT = ("is_better", "step")
