"""What people call the settings and the states of a rule: the one table of names."""

from __future__ import annotations

from collections.abc import Iterator

SETTINGS: dict[str, tuple[str, ...]] = {
    "lr": ("learning_rate", "step_size", "stepsize", "lrate", "rate", "eta", "alpha", "lr0"),
    "betas[0]": ("beta1", "beta_1", "b1", "betas1", "beta", "momentum", "mu", "decay_rate1"),
    "betas[1]": ("beta2", "beta_2", "b2", "betas2", "rho", "decay_rate2"),
    "betas[2]": ("beta3", "beta_3", "b3", "betas3", "decay_rate3"),
    "eps": ("epsilon", "eps_root", "delta", "stabilizer", "tiny"),
    "eps[0]": ("eps1", "eps_1", "epsilon1", "epsilon_1", "eps"),
    "eps[1]": ("eps2", "eps_2", "epsilon2", "epsilon_2", "eps_scale"),
    "weight_decay": ("wd", "decay", "weight_decay_rate", "l2", "lambda_", "lam", "lambd"),
    "momentum": ("beta", "mu", "beta1", "beta_1", "gamma", "rho"),
    "dampening": ("damp", "tau"),
    "alpha": ("rho", "beta", "beta2", "smoothing", "decay", "decay_rate", "smoothing_constant"),
    "rho": ("alpha", "beta", "beta2", "decay", "smoothing"),
    "lr_decay": ("learning_rate_decay", "rate_decay"),
    "initial_accumulator_value": ("initial_accumulator", "init_accumulator", "accumulator_init"),
    "initial_accumulator": ("initial_accumulator_value", "v0"),
    "lambd": ("lambda_", "lam", "decay_term"),
    "t0": ("t_0", "start", "start_averaging"),
    "momentum_decay": ("psi", "schedule_decay", "mu_decay"),
    "max_norm": ("clamp", "max_trust", "trust_clip", "clamp_value", "gamma_u"),
    "trust_coeff": ("trust_coefficient", "trust", "coeff"),
    "etas[0]": ("eta_minus", "etaminus", "shrink"),
    "etas[1]": ("eta_plus", "etaplus", "grow"),
    "step_sizes[0]": ("step_size_min", "min_step", "delta_min"),
    "step_sizes[1]": ("step_size_max", "max_step", "delta_max"),
    "final_lr": ("final_learning_rate", "end_lr"),
    "gamma": ("speed", "bound_speed"),
    "beta2_decay": ("decay_rate", "decay_exponent"),
    "d": ("clip_threshold", "clipping_threshold", "clip"),
}
"""Other names of a setting, by the rule's keyword, the likeliest first."""
SEVERAL: dict[str, tuple[str, ...]] = {
    "betas": ("beta", "decay_rates", "momentums", "b"),
    "eps": ("epsilons", "epsilon"),
    "etas": ("eta",),
    "step_sizes": ("step_size", "limits"),
    "ns_coefficients": ("coefficients", "newton_schulz_coefficients"),
}
"""Other names of a setting of several numbers."""
STATES: dict[str, tuple[str, ...]] = {
    "exp_avg": ("m", "mean", "mu", "first_moment", "moment1", "m_t", "ema", "momentum", "avg", "exp_avgs", "grad_ema"),
    "exp_avg_sq": (
        "v",
        "nu",
        "second_moment",
        "moment2",
        "v_t",
        "sq",
        "square",
        "square_avg",
        "variance",
        "var",
        "sqr",
    ),
    "max_exp_avg_sq": ("vmax", "v_max", "max_v", "vhat", "v_hat", "max_square", "maximum"),
    "exp_avg_var": ("s", "v", "exp_avg_sq", "var", "variance", "second_moment"),
    "exp_inf": ("u", "norm", "inf_norm", "infinity_norm", "v"),
    "square_avg": ("v", "sq", "square", "exp_avg_sq", "second_moment", "accumulator"),
    "acc_delta": ("u", "delta", "delta_avg", "accumulated_delta", "accum_delta"),
    "momentum_buffer": ("b", "buf", "buffer", "momentum", "velocity", "m", "exp_avg"),
    "sum": ("s", "accumulator", "sum_sq", "square_sum", "state_sum", "v"),
    "grad_avg": ("mean", "average_gradient", "mean_grad"),
    "exp_avg_diff": ("d", "diff", "difference"),
    "previous_grad": ("prev_grad", "pre_grad", "last_grad", "neg_pre_grad", "previous"),
    "prev": ("previous", "prev_grad", "last_grad", "previous_grad"),
    "step_size": ("size", "step_sizes", "delta", "lrs"),
    "ax": ("average", "averaged", "avg", "mean"),
    "row_var": ("r", "row", "rows", "exp_avg_sq_row", "vr"),
    "col_var": ("c", "col", "columns", "exp_avg_sq_col", "vc"),
    "variance": ("v", "exp_avg_sq", "second_moment"),
}
"""Other names of a state, by the rule's keyword."""


def names(keyword: str) -> Iterator[str]:
    """Yield every name of a setting, the rule's own first: ``betas[0]``, ``beta1``, ..., ``decay_rates[0]``."""
    yield keyword
    yield from SETTINGS.get(keyword, ())
    several, bracket, place = keyword.partition("[")
    if bracket:
        yield from (f"{name}[{place}" for name in SEVERAL.get(several, ()))
