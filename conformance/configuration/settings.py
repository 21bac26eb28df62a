"""The keys of a gate's configuration, with their types and what each is for."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from msgspec import Meta

Format: TypeAlias = Literal["float64", "float32", "bfloat16", "float16"]
FileFormat: TypeAlias = Literal["annotations", "badge", "ctrf", "history", "in-toto", "job-summary", "junit", "sarif"]
Level: TypeAlias = Literal["must", "should"]
Seconds: TypeAlias = Annotated[float, Meta(gt=0, lt=1e6)]
LEAST_GIB, MOST_GIB = 0.5, 65536.0
"""What a worker needs at least of memory, to import a framework, and what no machine has."""
Gibibytes: TypeAlias = Annotated[float, Meta(ge=LEAST_GIB, lt=MOST_GIB)]
Jobs: TypeAlias = Annotated[int, Meta(ge=1, le=256)]
Text: TypeAlias = Annotated[str, Meta(min_length=1)]


class TargetTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """What optimizers and schedulers have in common; what is left out is as for the whole gate."""

    target: Annotated[str, Meta(pattern=r".:.|^[\w.]+$", description="module:Class, or path/to/file.py:Class")]
    options: Annotated[dict[str, str], Meta(description="options of the formula")] = {}
    dtypes: Annotated[tuple[Format, ...], Meta(description="formats to judge")] = ()
    properties: Annotated[tuple[Text, ...], Meta(description="patterns of the properties to judge")] = ()
    python: Annotated[str, Meta(description="the interpreter of its environment")] = ""
    budget: Annotated[Seconds | None, Meta(description="how hard to test, in seconds")] = None

    @property
    def called(self) -> str:
        """The name in the report."""
        return self.target


class OptimizerTable(TargetTable, frozen=True):
    """One optimizer that is judged."""

    name: Annotated[str, Meta(description="what the report calls it (default: the target)")] = ""
    rule: Annotated[str, Meta(description="the rule it claims (default: the one its steps show)")] = ""
    settings: Annotated[dict[str, Text], Meta(description="the constructor's name of a setting of the rule")] = {}
    states: Annotated[dict[str, Text], Meta(description="where a state of the rule is kept")] = {}
    arguments: Annotated[dict[str, Any], Meta(description="what else the constructor is given")] = {}
    groups: Annotated[dict[str, Any], Meta(description="what every param group says of itself")] = {}
    ranks: Annotated[str, Meta(description="dimensions of the tensors it is for, such as 0-1")] = ""
    paths: Annotated[tuple[Text, ...], Meta(description="execution paths, such as foreach")] = ()
    devices: Annotated[tuple[Text, ...], Meta(description="devices, such as cuda")] = ()
    profile: Annotated[dict[str, Any], Meta(description="the arithmetic it declares (default: found out)")] = {}

    @property
    def called(self) -> str:
        """The name in the report."""
        return self.name or self.target


class SchedulerTable(TargetTable, frozen=True):
    """One learning-rate scheduler that is judged."""

    schedule: Annotated[str, Meta(description="the schedule it claims (default: the one its curve shows)")] = ""


Table: TypeAlias = OptimizerTable | SchedulerTable
"""One thing that is judged."""


class Configuration(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """A whole gate."""

    optimizers: Annotated[tuple[OptimizerTable, ...], Meta(description="the optimizers that are judged")] = ()
    schedulers: Annotated[tuple[SchedulerTable, ...], Meta(description="the schedulers that are judged")] = ()
    libraries: Annotated[
        tuple[Text, ...], Meta(description="installed packages that ship claims under the entry point stepproof.claims")
    ] = ()
    budget: Annotated[Seconds, Meta(description="how hard to test each, in seconds on two cores")] = 10.0
    seed: Annotated[int, Meta(ge=0, description="the seed of all cases")] = 0
    strict: Annotated[bool, Meta(description="fail where what only should hold fails, too")] = False
    levels: Annotated[dict[Text, Level], Meta(description="the level of the properties that a pattern names")] = {}
    dtypes: Annotated[tuple[Format, ...], Meta(description="formats to judge")] = ()
    devices: Annotated[tuple[Text, ...], Meta(description="devices, such as cuda")] = ()
    paths: Annotated[tuple[Text, ...], Meta(description="execution paths, such as foreach")] = ()
    properties: Annotated[tuple[Text, ...], Meta(description="patterns of the properties to judge")] = ()
    without: Annotated[tuple[Text, ...], Meta(description="patterns of the properties to leave out")] = ()
    python: Annotated[str, Meta(description="the interpreter of the code under test")] = ""
    pythonpath: Annotated[tuple[Text, ...], Meta(description="folders that the code under test is imported from")] = ()
    timeout: Annotated[Seconds, Meta(description="seconds before a step hangs")] = 60.0
    memory: Annotated[Gibibytes, Meta(description="GiB that a process of the code under test may allocate")] = 8.0
    jobs: Annotated[Jobs | None, Meta(description="processes (default: the cores)")] = None
    rules: Annotated[str, Meta(description="a folder with rules and schedules of your own")] = ""
    ledger: Annotated[str, Meta(description="the file of what is known to deviate")] = ""
    baseline: Annotated[str, Meta(description="the record of a run: only what is new since fails")] = ""
    output: Annotated[str, Meta(min_length=1, description="where the report goes")] = "build/conformance"
    formats: Annotated[tuple[FileFormat, ...], Meta(description="further files, such as junit or sarif")] = ()
