"""The faulty schedulers on which the suite is measured, written once for all tests of a process."""

from __future__ import annotations

import functools
from collections.abc import Mapping

from conformance.faulty.fault import Fault
from conformance.faulty.schedulers import schedule_faults


@functools.cache
def faulty_schedulers() -> Mapping[str, Fault]:
    """Return every faulty scheduler by its name."""
    return {fault.name: fault for fault in reversed([*schedule_faults(None)])}
