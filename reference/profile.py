"""The profile of an implementation: what may legally differ in its arithmetic."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from reference.formats import BFLOAT16, FLOAT16, FLOAT32, FORMATS, Format
from spec import rules as book
from spec.rule import TEXTBOOK

STORAGE, COMPUTE = "storage", "compute"
NEAREST, EITHER = "nearest", "either"
UNITS = {"add": 0.5, "multiply": 0.5, "divide": 0.5, "root": 0.5, "power": 4.0, "expm1": 1.0, "log1p": 1.0}
HOST_UNITS = UNITS | {"root": 1.0, "power": 1.0}
"""The C library's pow is within one unit, as expm1 and log1p are, and a root may be taken by it: ``x ** 0.5``."""
CHOICES: Mapping[str, tuple[str | bool, ...]] = {
    "intermediate": (STORAGE, COMPUTE),
    "coefficient": (STORAGE, COMPUTE),
    "bound": (STORAGE, COMPUTE),
    "scalar": (COMPUTE, *FORMATS),
    "contraction": (False, True),
    "flush": (False, True),
    "stored": (NEAREST, EITHER),
}
ALL_FORMS = "*"
"""Stands for every legal form of a rule, the written expression included."""


@dataclass(frozen=True)
class Profile:
    """What an implementation declares of its arithmetic; narrow by default.

    ``intermediate``: the format of every tensor operation's result, ``storage`` (that of the
    tensors) or ``compute`` (float32 for the half formats, kept in registers until the end).
    ``scalar``: the format of host arithmetic on hyperparameters, or ``compute``. ``coefficient``:
    the format to which a scalar is rounded where it meets a tensor, ``compute`` or ``storage``.
    ``bound``: the same for a scalar that bounds a tensor (clamp) or is chosen for elements of one
    (where), where ``storage`` allows both.
    ``contraction``: a rounding may be skipped (fused multiply-add, wider registers). ``flush``:
    numbers that are subnormal in the format of computation are zero, as results and as operands.
    ``forms``: the legal forms used. ``units``: errors of operations in units in the last place
    where they are not rounded correctly. ``stored``: what a kernel computes in a wider format is
    rounded to the ``nearest`` number of the half format, or to ``either`` neighbour, as at random.
    ``derived``: forms beside them that were found, of
    ``spec.derived_forms``. ``single``: the symbols of scalars that are float32 tensors themselves, which
    makes float32 of all that is computed from them. ``loose``: the symbols of settings that are known
    within one unit of their format alone, as code hands them through operations that cancel (``lr * t / t``).
    ``rule``: the name of the rule that is claimed, whose forms alone may be named. Raises ``ValueError``
    for a value or form that there is not.
    """

    intermediate: str = STORAGE
    scalar: str = "float64"
    coefficient: str = COMPUTE
    bound: str = COMPUTE
    contraction: bool = True
    flush: bool = False
    forms: frozenset[str] = frozenset()
    units: Mapping[str, float] = field(default_factory=dict)
    derived: frozenset[str] = frozenset()
    single: frozenset[str] = frozenset()
    loose: frozenset[str] = frozenset()
    rule: str = ""
    stored: str = NEAREST

    @property
    def every_form(self) -> frozenset[str]:
        """The names of all forms that may be used: written ones and derived ones."""
        return self.forms | self.derived

    def __post_init__(self) -> None:
        for key, choices in CHOICES.items():
            value = getattr(self, key)
            if value not in choices:
                known = ", ".join(str(choice) for choice in choices)
                raise ValueError(f"`{key}` of a profile cannot be `{value}`; it can be: {known}")
        for operation, units in self.units.items():
            if operation not in UNITS:
                raise ValueError(f"`units` of a profile has no `{operation}`; it has: {', '.join(UNITS)}")
            if not units >= UNITS["add"]:
                raise ValueError(f"`{operation}` cannot be within {units!r} units; give {UNITS['add']} or more")
        for form in sorted(self.forms - {ALL_FORMS, TEXTBOOK}):
            if not has_form(self.rule, form):
                known = ", ".join(sorted(form_names(self.rule))) or "none"
                raise ValueError(f"{self.rule or 'the book'} has no form `{form}`; it has: {known}")

    @classmethod
    def from_mapping(cls, declared: Mapping[str, Any], rule: str) -> Profile:
        """Read the profile of what claims ``rule`` from plain data.

        Raises ``ValueError`` for an unknown key or value and for a form that no variant of the rule
        has, and ``TypeError`` for forms that are no list.
        """
        legal = {item.name for item in dataclasses.fields(cls)} - {"rule"}
        for key in declared:
            if key not in legal:
                known = ", ".join(sorted(legal))
                raise ValueError(f"a profile has no `{key}`; it has: {known}")
        forms = declared.get("forms", ())
        if isinstance(forms, str):
            raise TypeError(f"`forms` of a profile is a list; give [`{forms}`]")
        sets = {key: frozenset(declared[key]) for key in ("derived", "single", "loose") if key in declared}
        return cls(**{**declared, **sets, "forms": frozenset(forms), "rule": rule})

    def widened(self, changes: Mapping[str, Any]) -> Profile:
        """Return this profile with the keys of a ledger entry replaced."""
        values = {item.name: getattr(self, item.name) for item in dataclasses.fields(self)}
        del values["rule"]
        return Profile.from_mapping(values | dict(changes), self.rule)

    def on(self, storage: Format) -> Profile:
        """Return this profile for tensors of ``storage``, with the format of its scalars named."""
        scalar = compute_format(storage).name if self.scalar == COMPUTE else self.scalar
        return dataclasses.replace(self, scalar=scalar)

    def __str__(self) -> str:
        parts = [
            f"results rounded to {self.intermediate}",
            f"scalars in {self.scalar}, cast to {self.coefficient}",
            *([f"{', '.join(sorted(self.single))} as float32 tensors"] if self.single else []),
            *([f"{', '.join(sorted(self.loose))} within a unit"] if self.loose else []),
            "contraction allowed" if self.contraction else "no contraction",
        ]
        if self.flush:
            parts.append("subnormals flushed")
        if self.stored == EITHER:
            parts.append("stored as either neighbour")
        parts += [f"{name} within {value:g} units" for name, value in sorted(self.units.items())]
        named = ["every legal form"] if ALL_FORMS in self.forms else sorted(self.forms)
        forms = ", ".join([*named, *sorted(self.derived)])
        parts.append(f"forms: {forms or 'as written'}")
        return "; ".join(parts)


@functools.cache
def has_form(rule: str, name: str) -> bool:
    """Tell whether a variant of a rule has a form of that name; without a rule one of the book."""
    return any(name == form for form in _forms(rule))


@functools.cache
def form_names(rule: str) -> frozenset[str]:
    """Return the names of the forms of every variant of a rule; without a rule those of the book."""
    return frozenset(_forms(rule))


def _forms(rule: str) -> Iterator[str]:
    """Yield the names of the forms of one variant after the other, the default one first, as they are built."""
    for family in [book.family(rule)] if rule else book.families().values():
        for options in family.choices():
            program = book.build(family.name, options).program
            yield from (form.name for line in program for form in line.forms)


def compute_format(storage: Format) -> Format:
    """Return the format in which a kernel computes on tensors of ``storage``."""
    return FLOAT32 if storage in {FLOAT16, BFLOAT16} else storage


def flushes(profile: Profile, storage: Format) -> bool:
    """Tell whether subnormals of ``storage`` become zero: they must be subnormal where it computes."""
    return profile.flush and storage.smallest_normal <= compute_format(storage).smallest_normal
