"""What an evaluation raises where a formula has no value: of all its exceptions the only one to catch."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

Given = ParamSpec("Given")
Found = TypeVar("Found")


class Undefined(Exception):
    """A formula has no value at its arguments: the root of a negative number, a remainder by zero."""


def valued(reference: Callable[Given, Found]) -> Callable[Given, Found]:
    """Return a reference in plain Python that raises ``Undefined`` where Python's own numbers end.

    A division by zero and an overflow are what Python says of a formula that has no value there.
    """

    @functools.wraps(reference)
    def of(*arguments: Given.args, **named: Given.kwargs) -> Found:
        try:
            return reference(*arguments, **named)
        except ArithmeticError as error:
            raise Undefined(str(error)) from error

    return of
