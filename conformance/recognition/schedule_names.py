"""What people call the settings of a schedule, and the other arguments of a scheduler's constructor."""

from __future__ import annotations

from collections.abc import Mapping


def words(text: str) -> tuple[str, ...]:
    """Return the words of a text."""
    return tuple(text.split())


WHOLE = words(
    "T_max t_max T total_steps num_training_steps max_steps num_steps n_steps num_total_steps training_steps "
    "max_epochs "
    "num_epochs n_epochs epochs total_epochs total_iters max_iters max_iter num_iters iterations t_initial decay_steps "
    "total horizon length duration max_updates total_updates end_step last_step"
)
"""A number of all steps, or of those of the main schedule."""
LOWEST = words(
    "eta_min min_lr lr_min final_lr end_lr lr_end end_value end_learning_rate minimum lowest last_lr eta_end floor "
    "lr_final minimum_lr min_learning_rate lr_floor"
)
SETTINGS: Mapping[str, tuple[str, ...]] = {
    name: words(listed) if isinstance(listed, str) else tuple(listed)
    for name, listed in {
        "T_max": WHOLE,
        "total_iters": WHOLE,
        "total_steps": (*WHOLE, "transition_steps"),
        "anneal_epochs": (*WHOLE, "anneal_steps", "anneal_iters"),
        "T_0": "T_0 t_0 first_cycle_steps cycle_length cycle_steps restart_every period t_initial first_cycle",
        "T_mult": "T_mult t_mult cycle_mult cycle_mul growth period_mult cycle_multiplier",
        "num_cycles": "num_cycles cycles n_cycles num_restarts",
        "warmup": (
            "warmup warmup_steps num_warmup_steps warmup_iters warmup_epochs warmup_t warmup_period warmup_length "
            "n_warmup_steps n_warmup num_warmup warm_up warm_up_steps warmup_updates warmup_num_steps ramp rampup "
            "total_epoch warmup_duration"
        ),
        "stable": "stable num_stable_steps stable_steps plateau_steps hold_steps constant_steps flat_steps",
        "decay": "decay num_decay_steps decay_steps cooldown_steps cooldown decay_t decay_iters",
        "eta_min": LOWEST,
        "eta_end": LOWEST,
        "min_lr": LOWEST,
        "swa_lr": ("swa_lr", *LOWEST),
        "gamma": "gamma decay_rate factor decay rate drop decay_factor lr_decay lr_gamma multiplier ratio drop_rate",
        "step_size": (
            "step_size decay_epochs decay_every decay_steps decay_t lr_step every interval drop_every epochs_drop "
            "transition_steps step_every period lr_decay_epochs"
        ),
        "transition_steps": "transition_steps decay_steps period every over step_size time_constant",
        "power": "power exponent degree poly_power lr_power",
        "factor": "factor start_factor multiplier gamma warmup_factor decay_rate decay_factor scale",
        "start_factor": "start_factor factor initial_factor warmup_factor from_factor start start_scale",
        "end_factor": "end_factor final_factor to_factor end end_scale last_factor",
        "max_lr": "max_lr peak_lr peak_value lr_max maximum eta_max upper_lr peak",
        "base_lr": "base_lr min_lr lr_min lower_lr lowest initial_lr",
        "step_size_up": "step_size_up up_steps steps_up step_size half_cycle rise_steps",
        "step_size_down": "step_size_down down_steps steps_down fall_steps",
        "pct_start": "pct_start warmup_ratio rise_share pct_rise warmup_pct peak_at warmup_fraction",
        "div_factor": "div_factor div initial_div start_div",
        "final_div_factor": "final_div_factor final_div div_final end_div",
        "base_momentum": "base_momentum min_momentum momentum_min low_momentum",
        "max_momentum": "max_momentum momentum_max high_momentum",
        "patience": "patience patience_t wait patience_epochs",
        "cooldown": "cooldown cooldown_t cooldown_epochs",
        "threshold": "threshold min_delta tolerance delta",
        "k_decay": "k_decay k",
        "d_model": "d_model width dim model_size hidden_size model_dim",
    }.items()
}
"""Names by the book's keyword, the usual ones first."""
RATES = frozenset(
    words(
        "lr base_lr learning_rate init_value value initial_learning_rate peak_value peak_lr max_lr eta_0 eta "
        "initial_lr init_lr lr_init start_lr base peak"
    )
)
"""What a function calls the learning rate that it begins with, or the peak."""
SHARES = frozenset(
    words(
        "min_lr_ratio min_lr_rate alpha final_ratio lr_min_ratio min_ratio end_factor min_factor final_factor "
        "eta_min_ratio floor_ratio final_lr_ratio"
    )
)
"""The lowest learning rate over the optimizer's."""
MILESTONES = frozenset(
    words("milestones decay_epochs decay_t decay_at boundaries steps lr_steps schedule drops decay_points at")
)
TABLES = frozenset(words("lr_lambda lambda_fn lr_fn function fn factor_fn lambdas f multiplier_fn schedule_fn"))
SCHEDULERS = frozenset(
    words(
        "scheduler after_scheduler base_scheduler lr_scheduler main_scheduler inner wrapped after next_scheduler "
        "main then schedule"
    )
)
OPTIMIZERS = frozenset(words("optimizer optim opt optimiser"))
STEPS = frozenset(words("step t epoch iteration it i current_step count global_step cur_step step_num"))
LEFT_OUT = frozenset(words("eta_min eta_end min_lr base_momentum max_momentum cooldown eps threshold"))
"""Settings that many schedulers do not have."""
PLUMBING = frozenset(words("last_epoch verbose last_step initialize start_step"))
"""Arguments that are no settings: where to go on, and what to print."""
