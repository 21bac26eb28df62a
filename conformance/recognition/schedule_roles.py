"""Which setting each argument of a constructor may be: by its name, its default, or what is left."""

from __future__ import annotations

import dataclasses
import heapq
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from conformance.recognition import schedule_names as names
from conformance.recognition.schedule_description import FUNCTION, SCHEDULER, Argument, Description
from impls.catalogue.scheduler_entries import FUNCTIONS, MULTIPLIER, OPTAX, RATE, TIMM, Scheduler
from impls.catalogue.torch_schedulers import SCHEDULERS
from spec.schedule import Schedule, Setting
from spec.schedules.warmup import MAIN

EXACT_NAME, NAMED, LIKE_DEFAULT, ANY_KIND, UNUSED, UNUSED_NAME, NEEDED = 0, 1, 2, 5, 3, 6, 9
"""How unlikely a role is: by name, by the rule's default, by its kind; an argument that is none, though it has a
name for one, or must be given."""
FIXED, FIXED_LENGTH = 4, 8
POPPED, MOST = 4000, 300
XLA: Mapping[str, Any] = {"scalar": "float32", "functions": 4.0, "reciprocal": True, "flush": True}
"""The arithmetic of functions of JAX, as the catalogue declares it of optax."""
LISTS = frozenset({"milestones"})
TABLES = frozenset({"factor", "factors"})


@dataclass(frozen=True)
class Role:
    """What an argument is: a setting, a sum of some, or the quotient of two; or none of them."""

    kind: str
    settings: tuple[str, ...] = ()
    cost: float = 0


SETTING, SUM, QUOTIENT, LIST, TABLE, WRAPPED, NONE = "setting", "sum", "quotient", "list", "table", "wrapped", "none"


@dataclass(frozen=True)
class RoleAssignment:
    """A role for every argument, and values for the settings that are none of them."""

    roles: Mapping[str, Role]
    fixed: Mapping[str, float] = field(default_factory=dict)
    cost: float = 0


def assignments(description: Description, schedule: Schedule) -> list[RoleAssignment]:
    """Return the ways in which arguments may be the settings of a schedule, the likeliest first."""
    wanted = _wanted(description, schedule)
    arguments = [a for a in description.arguments if a.name not in _switching(schedule.name, description)]
    choices = [_roles(argument, description, schedule, wanted) for argument in arguments]
    optional = frozenset({"lr"}) if description.interface == RATE else frozenset()
    found: list[RoleAssignment] = []
    for combination in itertools.islice(_best_first(choices), POPPED):
        roles = {argument.name: role for argument, role in zip(arguments, combination, strict=True)}
        made = _assignment(roles, schedule, wanted, optional)
        if made is not None:
            found.append(made)
        if len(found) == MOST:
            break
    return [way for made in sorted(found, key=lambda made: made.cost) for way in _with_fixed(made, wanted)]


def _switching(schedule: str, description: Description) -> dict[str, tuple[str, Mapping[str, Any]]]:
    """Return the arguments by which torch's scheduler of a schedule chooses options, with the option."""
    like = next((s for s in SCHEDULERS if s.schedule == schedule), None)
    held = {argument.name for argument in description.arguments}
    switches = like.switches if like else {}
    return {keyword: (option, values) for option, (keyword, values) in switches.items() if keyword in held}


def _wanted(description: Description, schedule: Schedule) -> dict[str, Setting]:
    """Return the settings that must have a place: the base, too, where a function returns the learning rate."""
    known = {h.keyword: h for h in schedule.hyperparameters}
    if description.interface not in {RATE, OPTAX}:
        known.pop("lr", None)
    return known


def _kind(argument: Argument) -> type | None:
    """Return what an argument is by its default, if that says it."""
    if argument.default is None or argument.required:
        return None
    return type(argument.default)


def _fits(argument: Argument, setting: Setting) -> bool:
    kind = _kind(argument)
    if kind in {bool, str, list, dict}:
        return False
    if setting.symbol.is_integer:
        return kind is not float or float(argument.default).is_integer()
    return True


def _roles(
    argument: Argument, description: Description, schedule: Schedule, wanted: Mapping[str, Setting]
) -> list[Role]:
    guess = description.given.get(argument.name)
    found = [_as_setting(argument, setting) for setting in wanted.values() if _fits(argument, setting)]
    if guess == SCHEDULER or argument.name in names.SCHEDULERS:
        found = [Role(WRAPPED, (), EXACT_NAME)] if schedule.name == "warmup" else []
    elif guess == FUNCTION or (argument.name in names.TABLES and schedule.given):
        found = [Role(TABLE, (), EXACT_NAME)] if any(g.kind in TABLES for g in schedule.given) else []
    elif any(g.kind in LISTS for g in schedule.given) and (
        isinstance(guess, list) or argument.name in names.MILESTONES
    ):
        found = [Role(LIST, (), EXACT_NAME)]
    elif _kind(argument) in {None, int, float}:
        found += _combined(argument, schedule, wanted)
    if argument.required:
        found.append(Role(NONE, (), NEEDED))
    else:
        named = any(role.cost <= NAMED for role in found)
        found.append(Role(NONE, (), UNUSED_NAME if named else UNUSED))
    return sorted(found, key=lambda role: role.cost)


def _as_setting(argument: Argument, setting: Setting) -> Role:
    cost: float = ANY_KIND - argument.required
    called = names.SETTINGS.get(setting.keyword, ())
    if argument.name == setting.keyword:
        cost = EXACT_NAME
    elif argument.name in called:
        cost = NAMED + called.index(argument.name) / len(called)
    elif setting.keyword == "lr" and argument.name in names.RATES:
        cost = NAMED
    elif not argument.required and argument.default == setting.default:
        cost = LIKE_DEFAULT + (setting.default in {0.0, 1.0}) / 2
    return Role(SETTING, (setting.keyword,), cost)


def _combined(argument: Argument, schedule: Schedule, wanted: Mapping[str, Setting]) -> Iterator[Role]:
    """Yield sums of all lengths, and a share that is the lowest learning rate over the optimizer's."""
    lengths = tuple(name for name, h in wanted.items() if h.symbol.is_integer and not h.multiplies and h.limits)
    if schedule.name.startswith("warmup") and len(lengths) > 1:
        whole = argument.name in names.WHOLE
        for some in (lengths, lengths[1:]) if len(lengths) > 2 else (lengths,):
            yield Role(SUM, some, NAMED - 0.5 if whole else ANY_KIND)
    for name in ("eta_min", "eta_end"):
        if name in wanted:
            yield Role(QUOTIENT, (name, "lr"), NAMED if argument.name in names.SHARES else ANY_KIND + 1)


def _best_first(choices: Sequence[Sequence[Role]]) -> Iterator[tuple[Role, ...]]:
    """Yield one role for each argument, the cheapest combination first."""
    if not all(choices):
        return
    start = (0,) * len(choices)
    heap = [(sum(c[0].cost for c in choices), start)]
    seen = {start}
    while heap:
        _, places = heapq.heappop(heap)
        yield tuple(c[i] for c, i in zip(choices, places, strict=True))
        for at, place in enumerate(places):
            following = (*places[:at], place + 1, *places[at + 1 :])
            if place + 1 < len(choices[at]) and following not in seen:
                seen.add(following)
                heapq.heappush(heap, (sum(c[i].cost for c, i in zip(choices, following, strict=True)), following))


def _assignment(
    roles: Mapping[str, Role], schedule: Schedule, wanted: Mapping[str, Setting], optional: frozenset[str]
) -> RoleAssignment | None:
    """Return an assignment in which every setting has one place at most; nothing where one has two.

    The ``optional`` ones need none.
    """
    direct = [name for role in roles.values() if role.kind == SETTING for name in role.settings]
    shares = [role.settings[0] for role in roles.values() if role.kind == QUOTIENT]
    sums = [role.settings for role in roles.values() if role.kind == SUM]
    wrapped = any(role.kind == WRAPPED for role in roles.values())
    given = [kind for kind in (LIST, TABLE) if any(role.kind == kind for role in roles.values())]
    if len({*direct, *shares}) < len(direct) + len(shares) or len(sums) > 1 or wrapped > 1:
        return None
    needs = [k for k, kinds in ((LIST, LISTS), (TABLE, TABLES)) if any(g.kind in kinds for g in schedule.given)]
    if given != needs:
        return None
    placed = {*direct, *shares}
    if sums:
        if len([name for name in sums[0] if name not in placed]) != 1:
            return None
        placed |= {*sums[0]}
    inner = {h.keyword for h in MAIN[schedule.options["into"]][0].hyperparameters} if wrapped else set()
    if inner & placed - {"lr"}:
        return None
    missing = [name for name in wanted if name not in placed | inner | optional]
    if "lr" in missing:
        return None
    cost = sum(role.cost for role in roles.values())
    cost += sum(FIXED_LENGTH if wanted[name].limits else FIXED for name in missing)
    fixed = {name: wanted[name].default for name in missing}
    if wrapped:
        fixed |= dict.fromkeys(inner & {"eta_min", "eta_end"}, 0.0)
    return RoleAssignment(roles, fixed, cost)


def _with_fixed(made: RoleAssignment, wanted: Mapping[str, Setting]) -> Iterator[RoleAssignment]:
    """Yield an assignment with other values of the settings that have no place: those where they do nothing."""
    yield made
    for name, value in made.fixed.items():
        others = [v for v in (0.0, 1.0) if name in wanted and v in wanted[name].domain and v != value]
        if wanted.get(name) is not None and not wanted[name].symbol.is_integer:
            yield from (dataclasses.replace(made, fixed={**made.fixed, name: other}) for other in others)


def combines(schedule: Schedule, entry: Scheduler) -> bool:
    """Tell whether an argument that is called as a setting of the schedule is a sum or a quotient of several."""
    return any(item.keyword in {*entry.sums, *entry.ratios} for item in schedule.hyperparameters)


def misreads(description: Description, schedule: Schedule, entry: Scheduler) -> bool:
    """Tell whether an argument that is called as a setting of the schedule is no such thing, or another one."""
    settings = {item.keyword for item in schedule.hyperparameters} - {"lr"}
    called = {argument.name for argument in description.arguments} & settings
    plain = called - {*entry.sums, *entry.ratios}
    left = any(name in entry.fixed or entry.keywords.get(name, name) != name for name in plain)
    return left or any(theirs in called and ours != theirs for ours, theirs in entry.keywords.items())


def leaves_out(description: Description, entry: Scheduler) -> bool:
    """Tell whether a setting has no place, though an argument has its name or it is none that is often left out."""
    called = {argument.name for argument in description.arguments}
    return any(name not in names.LEFT_OUT or called & {name, *names.SETTINGS.get(name, ())} for name in entry.fixed)


def entries_of(description: Description, schedule: Schedule, made: RoleAssignment) -> Iterator[Scheduler]:
    """Yield the entry of a target in which its arguments have these roles, for each way to read a function."""
    switching = _switching(schedule.name, description)
    switches = {option: (keyword, values) for keyword, (option, values) in switching.items()}
    read = _roles_read(made, schedule, description)
    interface = description.interface
    plain = Scheduler(
        "",
        description.target,
        schedule.name,
        options={name: value for name, value in schedule.options.items() if name not in switches},
        switches=switches,
        fixed=dict(made.fixed),
        **read,
        single_base_lr=bool(read["ratios"] or read["wraps"] or interface == RATE),
        by_epoch=description.takes_epoch or interface in {TIMM, *FUNCTIONS, OPTAX},
        interface=interface,
        library="optax" if interface == OPTAX else "timm" if interface == TIMM else "torch",
        framework="jax" if interface == OPTAX else "torch",
        any_form=True,
        profile=dict(XLA) if interface == OPTAX else {},
        metric=description.metric if interface != TIMM else "",
        lacks=description.lacks,
        takes_optimizer=description.takes_optimizer,
        of_step=description.of_step,
    )
    if interface not in FUNCTIONS or any(role.settings == ("lr",) for role in made.roles.values()):
        yield plain
    else:
        yield dataclasses.replace(plain, interface=MULTIPLIER)


def _roles_read(made: RoleAssignment, schedule: Schedule, description: Description) -> dict[str, Any]:
    """Return what an entry says of the arguments that play a role."""
    keywords = dict.fromkeys(made.fixed, "")
    sums: dict[str, tuple[str, ...]] = {}
    ratios: dict[str, tuple[str, str]] = {}
    constructor: dict[str, Any] = {}
    lists: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    wraps = {}
    for argument, role in made.roles.items():
        if role.kind == SETTING:
            keywords[role.settings[0]] = argument
        elif role.kind == SUM:
            sums[argument] = role.settings
        elif role.kind == QUOTIENT:
            ratios[argument] = (role.settings[0], role.settings[1])
            keywords[role.settings[0]] = ""
        elif role.kind == LIST:
            lists = (argument,)
        elif role.kind == TABLE:
            tables = (argument,)
        elif role.kind == WRAPPED:
            wraps[argument] = schedule.options["into"]
            keywords |= {h.keyword: "" for h in MAIN[wraps[argument]][0].hyperparameters if h.keyword != "lr"}
        elif argument in description.given:
            constructor[argument] = description.given[argument]
    known = {h.keyword for h in schedule.hyperparameters}
    summed = {name for names_ in sums.values() for name in names_}  # what has no keyword is in the sum alone
    renamed = {ours: theirs for ours, theirs in keywords.items() if ours != theirs or ours in summed}
    return {
        "keywords": {ours: theirs for ours, theirs in renamed.items() if ours in known},
        "sums": sums,
        "ratios": ratios,
        "constructor": constructor,
        "lists": lists,
        "tables": tables,
        "wraps": wraps,
    }
