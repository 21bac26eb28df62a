"""What an entry of the catalogue says: what an implementation under test claims, and how it can run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any

from impls.devices import DEVICES, FLOATS, HOST, Device

ALL_FORMS = ("*",)
EVERYWHERE = ("*",)
"""A path with nothing of its own for a device runs on each that the framework has."""


@dataclass(frozen=True)
class ExecutionPath:
    """One way an implementation can run, and the arithmetic it declares for it.

    ``constructor`` selects the path; ``profile`` maps keys of the profile to their values.
    ``devices`` are patterns of the devices that it runs on; ``on_devices`` maps one on which its arithmetic was looked
    at to the keys of the profile that are otherwise there.  On others it may leave ``scalars_to_device``: step count,
    powers and corrections are computed there, by a kernel that may take any legal form.
    ``properties`` are patterns of what is judged on it, and ``otherwise`` says why the rest is not
    run.  A path that is judged ``on_request`` alone says why; a case on it has the ``cost`` of so
    many others.  ``compiled`` tells whether the step is given to torch.compile.  Where nobody ``declared``
    the profile, it is the widest one, within which the narrowest that explains the results is looked for.
    """

    name: str
    constructor: Mapping[str, Any] = field(default_factory=dict)
    devices: tuple[str, ...] = (HOST,)
    dtypes: tuple[str, ...] = FLOATS
    profile: Mapping[str, Any] = field(default_factory=dict)
    properties: tuple[str, ...] = ("*",)
    otherwise: str = ""
    on_request: str = ""
    cost: int = 1
    compiled: bool = False
    scalars_to_device: bool = False
    declared: bool = True
    on_devices: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def runs_on(self, device: str) -> bool:
        """Tell whether the path can be taken on a device."""
        return any(fnmatchcase(device, pattern) for pattern in self.devices)

    def on(self, device: Device) -> ExecutionPath:
        """Return the path on one device: in the formats that both have, with the wider of both profiles."""
        looked_at = self.on_devices.get(device.name)
        profile = {**self.profile, **(looked_at or {})}
        if device.flushes:
            profile["flush"] = True
        if device.units:
            own = profile.get("units", {})
            wider = {name: max(units, own.get(name, units)) for name, units in device.units.items()}
            profile["units"] = {**own, **wider}
        if self.scalars_to_device and device.scalar and looked_at is None:
            profile |= {"scalar": device.scalar, "forms": ALL_FORMS}
        dtypes = tuple(dtype for dtype in self.dtypes if dtype in device.dtypes)
        return replace(self, devices=(device.name,), dtypes=dtypes, profile=profile)

    def judges(self, claim: str) -> bool:
        """Tell whether the property ``claim`` is judged on this path."""
        return any(fnmatchcase(claim, pattern) for pattern in self.properties)

    @property
    def whole(self) -> bool:
        """Tell whether everything is judged on it, the contract included."""
        return "*" in self.properties


Ends = tuple[float, float] | tuple[float, float, bool, bool]
"""A low and a high value, and whether each is left out: of two values the low one is in and the high one is not."""


@dataclass(frozen=True)
class Refusal:
    """Something legal that an implementation does not take: ``setting`` at ``value`` raised ``kind``.

    ``beside`` is the setting without which it takes it, if one decides; ``where`` is the phase, construct
    or step.
    """

    setting: str
    value: str
    kind: str
    message: str
    where: str = "construct"
    beside: str = ""

    def __str__(self) -> str:
        beside = f" beside {self.beside}" if self.beside else ""
        return f"{self.setting}={self.value}{beside}: {self.kind}: {self.message}"


@dataclass(frozen=True)
class Implementation:
    """Code that claims a rule.

    ``target`` is ``module:attribute``, imported by the worker alone.  ``options`` are the rule's
    options that it always has; ``switches`` maps a constructor keyword, or ``keyword=value``, to the option
    that it turns on.  ``states`` maps the rule's state keywords to its own keys, where they differ; a state
    that it hides maps to the empty string, and one that it keeps negated has a minus before its
    key.  ``counter`` is where it counts steps: a key of its state, or ``group:KEY`` where a param
    group counts for all its parameters; ``counters_beside`` are other places that show the same count.
    Keys are paths of the worker (``state_path``): ``moments/0``, ``optimizer:kept/*``.  Where a state is
    ``played``, a step with the parameter itself makes it before its values are set.
    ``fixed`` are hyperparameters that it does not offer.
    ``derived`` are keys of its state that hold a number of the rule, ahead or of the step made (`scalar_terms`).
    ``keywords`` maps the rule's hyperparameter keywords to its own, where they differ; those in
    ``absent`` are given as None where they are 0, and ``domains`` narrows the legal values of some
    to those between two ends.  ``apart`` are switches that it does not take together.
    ``in_groups`` maps them to the keys of a param group where these differ from the constructor's: to
    ``optimizer:NAME`` where a setting stands on the optimizer, and to nothing where it is given once.
    ``calling`` says how the target is called beside that (``calling`` of the worker), ``closure``
    whether a step must be given one, ``untried``
    are keywords of its constructor that were left alone, and ``told`` is what a user said of it.  ``ranks``
    are the least and the most dimensions of the tensors that it speaks of, where not of all.
    Where it is not ``declared`` the judge found all this out, and ``refusals`` is what it saw refused on the way.
    ``of_format`` are hyperparameters whose default, by its documentation, is the machine epsilon of
    the tensor's format.
    ``gradient`` is the layout it takes, ``dense`` or ``sparse``.
    ``framework`` is what it computes with, ``library`` the package that ships it.  ``adapts`` is
    the class that people call, where the target makes it an optimizer of plain steps.  ``extends`` are the
    identifiers of the classes of the catalogue of which it is a subclass: what is known of them it may inherit.
    ``compiles`` are parts of its step that it gives to torch.compile itself, and that are run as they are written.
    ``idle_states`` are states of the rule, by keyword, that its ``fixed`` settings leave no part in a step, and that it
    does not keep.  ``rests`` are the half formats in which a parameter is stepped with more than it shows: a master
    weight, or what rounding lost.  ``complex_numbers`` tells whether it is said to step a complex number as two
    real ones.
    """

    identifier: str
    target: str
    rule: str
    paths: tuple[ExecutionPath, ...]
    options: Mapping[str, str] = field(default_factory=dict)
    switches: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    states: Mapping[str, str] = field(default_factory=dict)
    counter: str | None = "step"
    fixed: Mapping[str, float] = field(default_factory=dict)
    framework: str = "torch"
    derived: Mapping[str, str] = field(default_factory=dict)
    gradient: str = "dense"
    keywords: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    absent: tuple[str, ...] = ()
    domains: Mapping[str, Ends] = field(default_factory=dict)
    apart: tuple[frozenset[str], ...] = ()
    declared: bool = True
    refusals: tuple[Refusal, ...] = ()
    library: str = "torch"
    of_format: tuple[str, ...] = ()
    adapts: str = ""
    counters_beside: tuple[str, ...] = ()
    played: bool = False
    closure: bool = False
    in_groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    calling: Mapping[str, Any] = field(default_factory=dict)
    untried: tuple[str, ...] = ()
    ranks: tuple[int, int] | None = None
    told: Mapping[str, Any] = field(default_factory=dict)
    extends: tuple[str, ...] = ()
    complex_numbers: bool = False
    compiles: tuple[str, ...] = ()
    idle_states: tuple[str, ...] = ()
    rests: tuple[str, ...] = ()

    @property
    def called(self) -> str:
        """The class that people call."""
        return self.adapts or self.target

    def paths_on(self, device: str) -> tuple[ExecutionPath, ...]:
        """Return the paths on a device, each with the formats and the arithmetic that it has there."""
        there = (path.on(DEVICES[device]) for path in self.paths if path.runs_on(device))
        return tuple(path for path in there if path.dtypes)

    def path(self, name: str, device: str) -> ExecutionPath:
        """Return the path called ``name`` on ``device``; raises ``KeyError`` if there is none."""
        return {path.name: path for path in self.paths_on(device)}[name]
