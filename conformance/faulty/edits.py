"""Mistakes of code: lines of a right class of AdamW that are replaced, and the clauses that were made for each."""

from __future__ import annotations

from dataclasses import dataclass

SETTINGS, LIFE, LOOP = "settings", "groups, gradients and checkpoints", "a loop in the step"


@dataclass(frozen=True)
class Edit:
    """Lines of a right class that are replaced, and the properties that were made for it."""

    kind: str
    name: str
    old: str
    new: str
    properties: tuple[str, ...]


CLOSURE = ("whole/closure", "history/closure-raises")
GROUPS_LOOP = "for place, group in enumerate(self.param_groups):"
VALUES = ("agreement/", "gradients/", "hyperparameters/")
RATE = 'for group in self.param_groups:\n            group["lr"] = group["lr"] * 0.5'
CLIPPED = 'torch.nn.utils.clip_grad_norm_([p for group in self.param_groups for p in group["params"]], 0.5)'
SECOND = 'self.calls = getattr(self, "calls", 0) + 1\n        if self.calls % 2:\n            return loss'
BEFORE = """        if closure is not None:
            with torch.enable_grad():
                loss = closure()
"""
STEPS = """        for place, group in enumerate(self.param_groups):
            for p in group["params"]:
                if p.grad is not None:
                    self.update(p, group, place)
"""
"""What a loop of training does, where it has come into a step."""
EDITS = (
    Edit(SETTINGS, "lr of the first group", 'group["lr"]', 'self.param_groups[0]["lr"]', ("agreement/", "groups/")),
    Edit(SETTINGS, "lr as it was built", 'group["lr"]', 'self.defaults["lr"]', ("hyperparameters/", "agreement/")),
    Edit(
        SETTINGS,
        "betas as they were built",
        'group["betas"]',
        'self.defaults["betas"]',
        ("hyperparameters/", "agreement/"),
    ),
    Edit(
        SETTINGS,
        "weight_decay as it was built",
        'group["weight_decay"]',
        'self.defaults["weight_decay"]',
        ("hyperparameters/", "agreement/"),
    ),
    Edit(
        SETTINGS,
        "an lr of NaN is accepted",
        "if not (0.0 <= lr and lr < math.inf)",
        "if lr < 0.0",
        ("hyperparameters/",),
    ),
    Edit(SETTINGS, "eps is not checked", "if not (0.0 <= eps and eps < math.inf)", "if False", ("hyperparameters/",)),
    Edit(
        LIFE,
        "the last group is left out",
        GROUPS_LOOP,
        "for place, group in enumerate(self.param_groups[:1]):",
        ("groups/", "agreement/"),
    ),
    Edit(LIFE, "the closure is not called", "loss = closure()", "pass", CLOSURE),
    Edit(LIFE, "the closure runs without gradients", "with torch.enable_grad():", "if True:", CLOSURE),
    Edit(LIFE, "the loss is not returned", "return loss", "return None", CLOSURE),
    Edit(LIFE, "a missing gradient raises", "if p.grad is not None:", "if True:", ("gradients/none", "gradients/")),
    Edit(LOOP, "gradients are zeroed before the step", GROUPS_LOOP, f"self.zero_grad()\n        {GROUPS_LOOP}", VALUES),
    Edit(
        LOOP,
        "gradients are zeroed after the step",
        "return loss",
        "self.zero_grad(set_to_none=False)\n        return loss",
        ("gradients/",),
    ),
    Edit(LOOP, "a schedule steps before the optimizer", GROUPS_LOOP, f"{RATE}\n        {GROUPS_LOOP}", VALUES),
    Edit(LOOP, "a schedule steps after the optimizer", "return loss", f"{RATE}\n        return loss", VALUES),
    Edit(LOOP, "gradients are clipped in place", GROUPS_LOOP, f"{CLIPPED}\n        {GROUPS_LOOP}", VALUES),
    Edit(LOOP, "only every second call makes a step", GROUPS_LOOP, f"{SECOND}\n        {GROUPS_LOOP}", VALUES),
    Edit(LOOP, "the closure runs after the step", BEFORE + STEPS, STEPS + BEFORE, CLOSURE),
    Edit(LOOP, "the closure runs twice", "loss = closure()", "closure()\n                loss = closure()", CLOSURE),
    Edit(
        LIFE,
        "a missing gradient ends the group",
        "if p.grad is not None:\n                    self.update(p, group, place)",
        "if p.grad is None:\n                    break\n                self.update(p, group, place)",
        ("gradients/", "elements/", "life/"),
    ),
    Edit(
        LIFE,
        "the gradient is changed",
        "seen(p).copy_(theta_t)",
        "seen(p).copy_(theta_t)\n        p.grad.mul_(0.5)",
        ("gradients/not-modified",),
    ),
    Edit(
        LIFE,
        "the gradient is taken away",
        "seen(p).copy_(theta_t)",
        "seen(p).copy_(theta_t)\n        p.grad = None",
        ("gradients/",),
    ),
    Edit(
        LIFE,
        "a sparse gradient is made dense in silence",
        'raise RuntimeError("Optimizer takes dense gradients, not sparse ones")',
        "p.grad = p.grad.to_dense() * 0.5",
        ("gradients/sparse", "gradients/"),
    ),
    Edit(
        LIFE,
        "one count for all parameters",
        't = state["step"]',
        'self.count = getattr(self, "count", 0) + 1\n        t = self.count',
        ("agreement/", "elements/", "groups/", "state/"),
    ),
    Edit(LIFE, "loading starts again", "super().load_state_dict(state_dict)", "pass", ("state/", "life/", "history/")),
    Edit(
        LIFE,
        "loading forgets the settings",
        "super().load_state_dict(state_dict)",
        """groups = [dict(group) for group in self.param_groups]
        super().load_state_dict(state_dict)
        for group, before in zip(self.param_groups, groups):
            group.update((key, value) for key, value in before.items() if key != "params")""",
        ("state/", "life/", "history/"),
    ),
    Edit(
        LIFE,
        "complex numbers are squared as such",
        "torch.view_as_real(tensor) if tensor.is_complex() else tensor",
        "tensor",
        ("elements/complex",),
    ),
    Edit(
        LIFE,
        "the seed of random numbers is set",
        "state = self.state[p]",
        "torch.manual_seed(0)\n        state = self.state[p]",
        ("whole/",),
    ),
    Edit(
        LIFE,
        "the threads are set",
        "state = self.state[p]",
        "torch.set_num_threads(1 + torch.get_num_threads())\n        state = self.state[p]",
        ("whole/",),
    ),
)
"""Mistakes of code in a class that computes AdamW rightly."""
