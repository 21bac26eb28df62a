"""A decay by a rate over the steps."""

from __future__ import annotations

from spec import schedule_claims as claim
from spec.family import Citation, Family, FormulaClaim
from spec.lines.schedule_settings import BASE
from spec.schedule import Schedule, base, t


def hyperbolic() -> Schedule:
    """Build the schedule."""
    return Schedule("hyperbolic", {}, (BASE,), base / (1 + t), None, ())


def claims() -> tuple[FormulaClaim, ...]:
    """Return what is claimed of it."""
    return (claim.starts_and_ends(hyperbolic(), {"It starts at eta_0": ({t: 0}, base)}, "nobody"),)


SOURCE = Citation("nobody", 2026, "A schedule", "unpublished", "the only one")
FAMILY = Family(
    "hyperbolic",
    "Hyperbolic",
    Citation("nobody", 2026, "A schedule", "unpublished", "the only one"),
    (),
    hyperbolic,
    claims,
)
