"""What an evaluation raises where a formula has no value: of all its exceptions the only one to catch."""

from __future__ import annotations


class Undefined(Exception):
    """A formula has no value at its arguments: the root of a negative number, a remainder by zero."""
