"""Faulty schedulers by class of fault: each is a class of torch, what it claims, and what may be said of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from conformance.diagnosis.hypothesis import Sort
from conformance.diagnosis.schedule_hypotheses import NARROW, candidates, mutants_of, named, title_of
from conformance.engine.ledger import SCHEDULERS
from conformance.faulty.edits import Edit
from conformance.faulty.fault import Fault
from conformance.schedulers.torch_scheduler import EVERY_GROUP, NoClosedFormError, written
from reference.balls.error_model import EXACT
from reference.balls.schedule import ScheduleSettings, closed_form
from spec import schedules as book
from spec.schedule import Schedule

Item = TypeVar("Item")
FORMULA, OPTION, SCHEDULE = "a schedule's formula", "another option of a schedule", "another schedule"
CONDITION = "a schedule under a condition alone"
UNDER = frozenset({"eta_0 off by a millionth", "t + 1 for t"})
"""What is wrong there."""
READING, LIFE = "the count or a setting of a schedule", "groups and checkpoints of a scheduler"
KINDS = (FORMULA, READING, OPTION, SCHEDULE, CONDITION, LIFE)
CLAIMS: tuple[tuple[str, Mapping[str, str]], ...] = (
    ("cosine", {"after": "hold"}),
    ("warmup", {}),
    ("step", {}),
    ("linear", {}),
    ("exponential", {}),
    ("warmup_stable_decay", {}),
)
"""Schedules of which the formula is changed, and with which options they are claimed."""
OF_THE_COSINE = CLAIMS[0]
LENGTHS, SHARE, STEPS = (5, 7, 3, 4), 0.25, 40
"""Settings with which two schedules are told apart, and the steps at which they are asked."""
CLOSED = "    def _get_closed_form_lr(self):\n        return self.get_lr()\n"
STEP, BUILT = "super().step(epoch)", "super().__init__(optimizer, last_epoch)"


def _with(method: str) -> tuple[str, str]:
    """Return the edit that adds a method to the class."""
    return CLOSED, f"{CLOSED}\n{method}"


def _loading(lines: str) -> tuple[str, str]:
    return "super().load_state_dict(state_dict)", lines


EDITS = (
    Edit(
        LIFE,
        "every group has the first base",
        EVERY_GROUP,
        "self.rate(self.base_lrs[0], self.last_epoch) for _ in self.base_lrs",
        ("groups/independent",),
    ),
    Edit(
        LIFE,
        "loading forgets the count",
        *_loading('super().load_state_dict({**state_dict, "last_epoch": 0})'),
        ("state/",),
    ),
    Edit(LIFE, "loading does nothing", *_loading("pass"), ("state/", "resume/")),
    Edit(
        LIFE,
        "loading takes the count away",
        *_loading('super().load_state_dict(state_dict)\n        state_dict.pop("last_epoch")'),
        ("state/kept",),
    ),
    Edit(
        LIFE,
        "the state has a lambda",
        *_with("    def state_dict(self):\n        return {**super().state_dict(), 'rate': lambda: 1}\n"),
        ("state/",),
    ),
    Edit(
        LIFE,
        "the base is told",
        *_with("    def get_last_lr(self):\n        return list(self.base_lrs)\n"),
        ("lr/reported",),
    ),
    Edit(
        LIFE,
        "the decay is changed",
        STEP,
        f"{STEP}\n        for group in self.optimizer.param_groups:\n            group['weight_decay'] = 0.01",
        ("groups/other-keys",),
    ),
    Edit(
        LIFE,
        "a tensor is replaced",
        STEP,
        f"{STEP}\n        for group in self.optimizer.param_groups:\n            group['lr'] = group['lr'] * 1.0",
        ("tensor/kept",),
    ),
    Edit(LIFE, "a last epoch is not heard", BUILT, "super().__init__(optimizer)", ("resume/",)),
    Edit(
        LIFE,
        "an epoch is one too far",
        CLOSED,
        CLOSED.replace("self.get_lr()", f"[{EVERY_GROUP.replace('last_epoch', 'last_epoch + 1')}]"),
        ("epoch/",),
    ),
    Edit(
        LIFE,
        "an epoch is not kept",
        STEP,
        f"before, _ = self.last_epoch, {STEP}\n        self.last_epoch = before + 1",
        ("epoch/",),
    ),
    Edit(
        LIFE,
        "groups that are added have the first base",
        'group.setdefault("initial_lr", group["lr"]) for group in groups[len(self.base_lrs) :]',
        "self.base_lrs[0] for _ in groups[len(self.base_lrs) :]",
        ("groups/added",),
    ),
    Edit(
        LIFE,
        "the rate is rounded to float32",
        EVERY_GROUP,
        f"float(__import__('numpy').float32(rate)) for rate in [{EVERY_GROUP}]",
        ("lr/in-force",),
    ),
    Edit(
        LIFE,
        "the bases are those of the latest call",
        "self.add_group()",
        'self.base_lrs = [group["lr"] for group in self.optimizer.param_groups]',
        ("lr/in-force",),
    ),
)
"""Mistakes of code in a class that has a cosine rightly."""


def schedule_faults(sample: int | None) -> Iterator[Fault]:
    """Yield every faulty scheduler; of those with another formula or reading only ``sample`` that are spread evenly."""
    for of in (_of_formula, _of_readings):
        found = [fault for name, options in CLAIMS for fault in of(name, options)]
        yield from spread(found, sample)
    yield from _of_options()
    yield from _of_schedules()
    yield from _under_conditions()
    yield from _of_code()


def spread(found: Sequence[Item], sample: int | None) -> Iterator[Item]:
    """Yield so many faults, or what they are made of, spread evenly, or all of them."""
    some = len(found) if sample is None else min(sample, len(found))
    yield from (found[place * len(found) // some] for place in range(some))


def _fault(kind: str, name: str, claimed: Schedule, wrong: Schedule, title: str, **more: object) -> Iterator[Fault]:
    try:
        source = written(wrong, name)
    except NoClosedFormError:
        return
    options = dict(claimed.options)
    yield Fault(kind, name, claimed.name, options, source, frozenset({title}), chapter=SCHEDULERS, **more)  # type: ignore[arg-type]


def _of_formula(name: str, options: Mapping[str, str]) -> Iterator[Fault]:
    claimed = book.build(name, options)
    for what, mutant in mutants_of(claimed).items():
        if not mutant.of_momentum:
            yield from _fault(FORMULA, what, claimed, mutant.wrong, title_of(what, mutant), mutant=mutant)


def _of_readings(name: str, options: Mapping[str, str]) -> Iterator[Fault]:
    claimed = book.build(name, options)
    for hypothesis in candidates(claimed):
        wrong = hypothesis.make(claimed) if hypothesis.sort is Sort.VALUE and hypothesis.group is None else None
        if wrong is not None and _differs(claimed, wrong):
            yield from _fault(READING, hypothesis.title, claimed, wrong, hypothesis.title)


def _differs(one: Schedule, other: Schedule) -> bool:
    """Tell whether two schedules are apart at some step, with some settings."""
    lengths = iter(LENGTHS * len(one.hyperparameters))
    values = {item.keyword: next(lengths) if item.symbol.is_integer else SHARE for item in one.hyperparameters}
    known = [ScheduleSettings(each, one.consistent(dict(values)), model=EXACT) for each in (one, other)]
    pairs = zip(*(closed_form(each, range(STEPS)) for each in known), strict=True)
    return any(not mine.ball.overlaps(theirs.ball) for mine, theirs in pairs)


def _of_options() -> Iterator[Fault]:
    for name, options in CLAIMS:
        claimed = book.build(name, options)
        for other in book.family(name).variants():
            changed = [key for key, value in other.options.items() if claimed.options.get(key) != value]
            keywords = {item.keyword for item in claimed.hyperparameters}
            if len(changed) == 1 and {item.keyword for item in other.hyperparameters} == keywords:
                title = f"{changed[0]}={other.options[changed[0]]} for {changed[0]}={claimed.options[changed[0]]}"
                yield from _fault(OPTION, title, claimed, other, f"this is {named(other)}")


def _of_schedules() -> Iterator[Fault]:
    """Yield other schedules under a claim whose settings they have."""
    for name, options in CLAIMS:
        claimed = book.build(name, options)
        keywords = {item.keyword for item in claimed.hyperparameters}
        for family in book.families().values():
            made = family.build()
            if family.name != name and {item.keyword for item in made.hyperparameters} == keywords:
                title = f"{family.name} for {name}"
                yield from _fault(SCHEDULE, title, claimed, made, f"this is {named(made)}")


CONDITIONS: tuple[tuple[str, Mapping[str, str], str, str, tuple[str, ...]], ...] = (
    ("warmup", {}, "at the end of the warm-up", "t == warmup", ("at t = warmup",)),
    ("cosine", {}, "after a second cycle", "t >= 2 * T_max", ("from t = 2·T_max on",)),
    ("step", {}, "after a second decay", "t >= 2 * step_size", ("from t = 2·step_size on",)),
    ("linear", {}, "after the start", "t > 0", ("after t = 0", "in force")),
    ("exponential", {}, "at the start", "t == 0", ("at t = 0",)),
)
"""Where alone the learning rate is wrong: of which claim, in words, the condition, and words that name it."""
LOADED: tuple[str, ...] = ("state/",)


def _under_conditions() -> Iterator[Fault]:
    """Yield schedules of which a line is wrong at a joint, after a second cycle, or once a checkpoint was loaded."""
    loaded = (*OF_THE_COSINE, "after a checkpoint was loaded", "self.loaded", ())
    for name, options, where, condition, words in (*CONDITIONS, loaded):
        properties = () if words else LOADED
        claimed = book.build(name, options)
        for what, mutant in mutants_of(claimed).items():
            if what not in UNDER:
                continue
            said = f"{what}, {where}"
            source = written(claimed, said, mutant.wrong, condition)
            chosen = dict(claimed.options)
            yield Fault(CONDITION, said, name, chosen, source, words=words, properties=properties, chapter=SCHEDULERS)


def _of_code() -> Iterator[Fault]:
    name, options = OF_THE_COSINE
    claimed = book.build(name, options)
    right = written(claimed, "the schedule")
    for edit in EDITS:
        if edit.old not in right:
            raise NoClosedFormError(f"{edit.name}: there is no `{edit.old}` in the class")
        source = right.replace(edit.old, edit.new)
        titles = frozenset({NARROW}) if "float32" in edit.name else frozenset[str]()
        yield Fault(
            edit.kind,
            edit.name,
            name,
            dict(claimed.options),
            source,
            titles,
            properties=edit.properties,
            chapter=SCHEDULERS,
        )
