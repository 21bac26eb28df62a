"""Step counts that a parameter does not have for itself."""

from __future__ import annotations

from conformance.optimizers.subject import WorkerSubject

SHARED = ("group:", "optimizer:")
"""Where a count stands that need not be one parameter's own."""


def for_itself(path: str) -> bool:
    """Tell whether the count at a place is one parameter's own."""
    return not path.startswith(SHARED) or "*" in path.split("/")


def promises_own_count(subject: WorkerSubject) -> str:
    """Return why nobody promises that a parameter has a step count of its own, or nothing."""
    counter = subject.implementation.counter
    if counter is None or for_itself(counter):
        return ""
    return "it counts the steps once for several parameters, as papers with one t do: a late one has their count"
