"""How a case is stored: as plain data of its own class, every number exact, and nothing that is at its default.

The kind of a stored case is its tag: it says of which class the case is.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from typing import Any, Generic, TypeVar, cast

import msgspec
import numpy as np

CaseType = TypeVar("CaseType")
EXACT = re.compile(r"-?(0x[01]\.[0-9a-f]+p[+-][0-9]+|inf|nan)")
"""A number as ``float.hex`` writes it."""
PLAIN: Mapping[str, bool] = {"plain": True}
"""Marks the field of a case that is JSON-ready already, and is stored as it is."""


class CaseError(ValueError):
    """Plain data is no case of its kind; the message says where and why."""


class StoredCases(Generic[CaseType]):
    """Writes and reads the cases of a kind; ``cases`` is their class, a frozen dataclass."""

    cases: type[CaseType]

    def write(self, case: CaseType) -> dict[str, Any]:
        """Return a case as JSON-ready data."""
        found: dict[str, Any] = written(case)
        return found

    def read(self, plain: Mapping[str, Any]) -> CaseType:
        """Return the case that was written; raises ``CaseError`` for what is none."""
        ready = {field.name for field in dataclasses.fields(cast(Any, self.cases)) if _is_plain(field)}
        try:
            numbers = {name: held if name in ready else _numbers(held) for name, held in plain.items()}
            found = msgspec.convert(numbers, self.cases)
        except (msgspec.ValidationError, RecursionError) as error:
            raise CaseError(str(error)) from None
        unknown = next(_unknown(plain, found), None)
        if unknown is not None:
            raise CaseError(f"a {self.cases.__name__} has no `{unknown}`")
        return found


def written(value: Any) -> Any:
    """Return a case, or a part of one, as JSON-ready data; numbers of floating point are hexadecimal."""
    if dataclasses.is_dataclass(value):
        fields = ((field, getattr(value, field.name)) for field in dataclasses.fields(value))
        kept = ((field, held) for field, held in fields if held != _default(field))
        return {field.name: held if _is_plain(field) else written(held) for field, held in kept}
    if isinstance(value, Mapping):
        return {name: written(held) for name, held in value.items()}
    if isinstance(value, tuple | list):
        return [written(held) for held in value]
    return float(value).hex() if isinstance(value, float | np.floating) else value


def _default(field: dataclasses.Field[Any]) -> Any:
    return field.default_factory() if field.default_factory is not dataclasses.MISSING else field.default


def _is_plain(field: dataclasses.Field[Any]) -> bool:
    return "plain" in field.metadata


def _numbers(plain: Any) -> Any:
    """Return plain data with numbers in the place of what is written in hexadecimal."""
    if isinstance(plain, Mapping):
        return {name: _numbers(held) for name, held in plain.items()}
    if isinstance(plain, tuple | list):
        return [_numbers(held) for held in plain]
    return float.fromhex(plain) if isinstance(plain, str) and EXACT.fullmatch(plain) else plain


def _unknown(plain: Any, found: Any) -> Iterator[str]:
    """Yield the names in plain data that the case which was read from it does not have."""
    if dataclasses.is_dataclass(found):
        held = {field.name: getattr(found, field.name) for field in dataclasses.fields(found)}
        yield from (name for name in plain if name not in held)
        for name in plain.keys() & held.keys():
            yield from _unknown(plain[name], held[name])
    elif isinstance(found, tuple):
        for part, one in zip(plain, found, strict=True):
            yield from _unknown(part, one)
