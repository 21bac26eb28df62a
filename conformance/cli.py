"""The command line of stepproof."""

from __future__ import annotations

import argparse
import shlex
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console

from conformance import claims
from conformance.catalogue import installed
from conformance.catalogue.installed import TORCH, Installation, find
from conformance.catalogue.numpy_references import entries, implementations
from conformance.commands import deviations, identify, judging, listing, plot, replay, told, training
from conformance.commands.usage_errors import UsageError, nearest, pairs
from conformance.engine.ledger import OPTIMIZERS, SCHEDULERS
from conformance.engine.safe_text import safe_text
from conformance.engine.stream import ResumeError
from conformance.recognition.constructor import NotJudgeableError
from conformance.recognition.optimizer import adapting, catalogued, dotted, recognise
from conformance.recognition.scheduler import own_scheduler
from conformance.schedulers.entries import entries as scheduler_entries
from conformance.schedulers.entries import named, reference_entries
from conformance.training.experiment import RULES, SHOWN, STEPS
from conformance.training.problems import PROBLEMS
from impls.catalogue.entries import Implementation
from impls.catalogue.from_scratch import FROM_SCRATCH
from impls.catalogue.scheduler_entries import Scheduler
from impls.devices import DEVICES, FLOATS, HOST
from impls.libraries import LIBRARIES
from impls.session import Session, TargetError, WorkerFailure
from spec.book import ShadowedRuleError

Run = Callable[[argparse.Namespace, Console], int]
EPILOG = """examples:
  stepproof check torch.optim:AdamW --rule adamw      judge one optimizer, every path and format
  stepproof check mypkg.optim:Fast --rule adamw --python .venv/bin/python
                                                      the same, in another environment
  stepproof check torch.StepLR --schedule step        judge a learning-rate scheduler
  stepproof identify mypkg.optim:Fast                 say which rule with which options it is
  stepproof report                                    judge the catalogue and write the report
  stepproof report --resume                           go on with a report that was cut short
  stepproof show adamw                                read the formula
  stepproof rules                                     list the rule book
  stepproof schedules                                 list the schedules
  stepproof train digits --rule adam                  train a small network and judge every step
  stepproof deviations torch.Adam                     list what is known to deviate
  stepproof plot cosine --T 100 --warmup 10           draw a schedule

exit status: 0 conforms, 1 does not, 2 could not be judged; 130 or 143 if it was cut short"""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "stepproof",
        description="Judges optimizers and learning-rate schedules by their formulas, without tuned tolerances.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, run: Run, words: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=words)
        added.set_defaults(run=run)
        return added

    _add_check(command("check", _check, "judge one optimizer or scheduler"))
    asked = command("identify", _identify, "say which rule an unknown optimizer implements")
    asked.add_argument("target", help="module:Class, or path/to/file.py:Class")
    asked.add_argument("--python", help="the interpreter of the optimizer's own environment")
    told.add_given(asked)
    _add_report(command("report", _report, "judge the catalogue and write the report"))
    shown = command("show", _show, "print the formula of a rule or a schedule")
    shown.add_argument("rule")
    _add_option(shown)
    command("rules", lambda _, console: _listed(listing.list_rules, console), "list the rule book")
    command("schedules", lambda _, console: _listed(listing.list_schedules, console), "list the schedules")
    command("clauses", lambda _, console: _listed(listing.list_clauses, console), "list the optimizer contract")
    _add_training(command("train", _train, "train a tutorial's problem and judge every step"))
    again = command("replay", lambda given, console: replay.replay(console, given.case), "run a failing case again")
    again.add_argument("case", type=Path, help="a file of build/conformance/failures")
    known = command("deviations", _deviations, "list what is known to deviate, or show one")
    known.add_argument("name", nargs="?", default="", help="a deviation, or a part of a name")
    known.add_argument("--script", action="store_true", help="print the standalone script alone")
    known.add_argument("--python", help="the interpreter of another environment")
    plotted = command("plot", _plot, "draw a schedule: stepproof plot cosine --T 100 --warmup 10")
    plotted.add_argument("plotted", metavar="SCHEDULE")
    plotted.add_argument("--svg", type=Path, metavar="FILE", help="write the curve as SVG too")
    _add_option(plotted)
    command("devices", _devices, "say which devices a worker sees")
    return parser


def _add_check(check: argparse.ArgumentParser) -> None:
    check.add_argument("target", help="module:Class, path/to/file.py:Class, or a catalogue name")
    check.add_argument("--rule", help="the rule it claims (see `stepproof rules`)")
    check.add_argument("--schedule", help="the schedule it claims (see `stepproof schedules`)")
    _add_option(check)
    told.add(check)
    _add_run(check, budget=25.0)


def _add_report(report: argparse.ArgumentParser) -> None:
    report.add_argument("--only", action="append", default=[], metavar="NAME", help="an implementation")
    report.add_argument("--references", action="store_true", help="judge the NumPy references too")
    report.add_argument(
        "--library",
        action="append",
        default=[],
        metavar="NAME",
        help=f"one of {', '.join(installed.NAMES)} (default: all that are installed)",
    )
    _add_run(report, budget=10.0)


def _add_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--option", action="append", default=[], metavar="NAME=VALUE", help="an option of the formula")


def _add_training(train: argparse.ArgumentParser) -> None:
    train.add_argument("problem", help=f"one of {', '.join(PROBLEMS)}")
    train.add_argument("--rule", action="append", default=[], help=f"one of {', '.join(RULES)}")
    train.add_argument("--steps", type=int, default=STEPS, help=f"steps in full batches (default {STEPS})")
    train.add_argument("--lr", type=float, help="the learning rate (default: one that trains in that time)")
    train.add_argument("--dtype", default="float32", choices=("float32", "float64"))
    train.add_argument("--python", help="the interpreter of another environment with torch")
    train.add_argument("--output", type=Path, default=Path("build/training"))


def _add_run(parser: argparse.ArgumentParser, *, budget: float) -> None:
    parser.add_argument(
        "--budget",
        type=float,
        default=budget,
        metavar="SECONDS",
        help="how hard to test, for each implementation: about this long on two cores; the same "
        f"number always gives the same cases (default {budget:g})",
    )
    parser.add_argument("--seed", type=int, default=0, help="the seed of all cases (default 0)")
    parser.add_argument("--python", help="the interpreter of the optimizer's own environment")
    parser.add_argument("--device", default=HOST, choices=tuple(DEVICES))
    parser.add_argument("--dtype", action="append", default=[], help=f"one of {', '.join(FLOATS)}")
    parser.add_argument("--property", action="append", default=[], help="one property (repeatable)")
    parser.add_argument(
        "--path",
        action="append",
        default=[],
        metavar="NAME",
        help="one execution path, such as foreach or compiled (repeatable)",
    )
    parser.add_argument("--timeout", type=float, default=60.0, help="seconds before a step hangs")
    parser.add_argument("--jobs", type=int, help="processes (default: the cores)")
    parser.add_argument("--output", type=Path, default=Path("build/conformance"))
    parser.add_argument(
        "--strict", action="store_true", help="fail the run where a cell fails what only should hold, too"
    )
    parser.add_argument(
        "--resume", action="store_true", help="go on with what the output holds: cells are not judged twice"
    )


def _known(what: str, given: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    for name in given:
        if name not in known:
            raise nearest(what, name, known)
    return tuple(given) or tuple(known)


def _check(given: argparse.Namespace, console: Console) -> int:
    if given.rule and given.schedule:
        raise UsageError(f"--rule {given.rule} and --schedule {given.schedule} exclude each other; give one")
    _limits(given)
    with Session(given.python, timeout=given.timeout) as session:
        if given.schedule or named(given.target) is not None:
            chosen = Installation((), (), (_scheduler(given, session),))
        else:
            chosen = Installation((_optimizer(given, session, console),), ())
    return _judge(given, console, chosen, whole=False)


def _report(given: argparse.Namespace, console: Console) -> int:
    _limits(given)
    names = _known("implementation", given.only, [item.identifier for item in entries()])
    if given.only:
        chosen = Installation(tuple(item for item in entries() if item.identifier in names), ())
    else:
        found = find(_known("library", given.library, installed.NAMES), given.python)
        own, plain = (implementations(), reference_entries()) if given.references else ((), ())
        notebook = FROM_SCRATCH if TORCH in _known("library", given.library, installed.NAMES) else ()
        chosen = Installation((*own, *found.implementations, *notebook), found.not_run, (*plain, *found.schedulers))
    return _judge(given, console, chosen, whole=not given.only and given.device == HOST)


def _limits(given: argparse.Namespace) -> None:
    if not 0 < given.budget < 1e6:
        raise UsageError(f"--budget {given.budget:g} is not in (0, 1e6) seconds; give more than 0")
    if not 0 < given.timeout < 1e6:
        raise UsageError(f"--timeout {given.timeout:g} is not in (0, 1e6) seconds; give more than 0")
    if given.jobs is not None and not 0 < given.jobs <= 256:
        raise UsageError(f"--jobs {given.jobs} is not in 1 to 256; give the number of processes")


def _judge(given: argparse.Namespace, console: Console, chosen: Installation, *, whole: bool) -> int:
    if given.device != HOST and given.device not in judging.devices(given.python)[0]:
        console.print(DEVICES[given.device].absent)
        return judging.NOT_JUDGED
    if not (chosen.implementations or chosen.schedulers):
        raise UsageError("; ".join(chosen.not_run))
    order = judging.Order(
        chosen.implementations,
        chosen.schedulers,
        shlex.join(["stepproof", *sys.argv[1:]]),
        given.budget,
        given.seed,
        given.output,
        device=given.device,
        dtypes=_known("format", given.dtype, FLOATS),
        properties=_properties(given, chosen),
        python=given.python,
        timeout=given.timeout,
        jobs=given.jobs or judging.cores(),
        absent=chosen.not_run,
        whole=whole,
        paths=_paths(given, chosen),
        resume=given.resume,
        strict=given.strict,
    )
    return judging.judge(order, console)[1]


def _properties(given: argparse.Namespace, chosen: Installation) -> tuple[str, ...]:
    """Return the properties that are asked for, each of which something chosen has."""
    known = [
        *(claims.identifiers(OPTIMIZERS) if chosen.implementations else ()),
        *(claims.identifiers(SCHEDULERS) if chosen.schedulers else ()),
    ]
    return _known("property", given.property, known) if given.property else ()


def _paths(given: argparse.Namespace, chosen: Installation) -> tuple[str, ...]:
    """Return the execution paths that are asked for, each of which something chosen has."""
    names = [p.name for i in chosen.implementations for p in i.paths_on(given.device)]
    names += [entry.path for entry in chosen.schedulers]
    return _known("path", given.path, tuple(dict.fromkeys(names))) if given.path else ()


def _optimizer(given: argparse.Namespace, session: Session, console: Console) -> Implementation:
    options = pairs(given.option)
    known = catalogued(given.target)
    if known is None and (meant := dotted(given.target)):
        raise UsageError(f"there is no target `{given.target}`: {meant} is meant, with a colon")
    rule = given.rule or (known.rule if known else "")
    if rule:
        listing.rule(rule, options)
    if known is None and ":" not in given.target:
        raise nearest("target", given.target, [i.identifier for i in entries()])
    if (known is None or known.rule != rule) and not adapting(rule):
        claim = identify.claim_of(given.target, rule, options, session, told.given_beside(given))
        console.print(safe_text(claim.sentence), markup=False, soft_wrap=True)
        said = claim.told(told.told_of(given, claim.rule))
        return recognise(given.target, claim.rule, claim.options, session, said)
    return recognise(given.target, rule, options, session, told.told_of(given, rule))


def _identify(given: argparse.Namespace, console: Console) -> int:
    with Session(given.python) as session:
        return identify.show(console, given.target, session, told.given_beside(given))


def _scheduler(given: argparse.Namespace, session: Session) -> Scheduler:
    known, options = named(given.target), pairs(given.option)
    name = given.schedule or (known.schedule if known else "")
    listing.schedule(name, options)
    if known and known.schedule == name and options.items() <= known.options.items():
        if known.library in LIBRARIES and (reason := installed.probe(LIBRARIES[known.library], session)[1]):
            raise UsageError(installed.missing(LIBRARIES[known.library], reason))
        return known
    if ":" not in given.target:
        raise nearest("scheduler", given.target, [item.identifier for item in scheduler_entries()])
    return own_scheduler(given.target, name, options, session)


def _show(given: argparse.Namespace, console: Console) -> int:
    listing.show(console, given.rule, pairs(given.option))
    return judging.CONFORMS


def _listed(listed: Callable[[Console], None], console: Console) -> int:
    listed(console)
    return judging.CONFORMS


def _deviations(given: argparse.Namespace, console: Console) -> int:
    return deviations.deviations(console, given.name, given.python, script_alone=given.script)


def _plot(given: argparse.Namespace, console: Console) -> int:
    plot.draw(console, given.plotted, pairs(given.option), given.settings, given.svg)
    return judging.CONFORMS


def _devices(_: argparse.Namespace, console: Console) -> int:
    found, framework = judging.devices(None)
    console.print(f"torch {framework}: {', '.join(found)}")
    return judging.CONFORMS


def _train(given: argparse.Namespace, console: Console) -> int:
    if not 0 < given.steps <= 1000:
        raise UsageError(f"--steps {given.steps} is not in 1 to 1000; give one of these")
    if given.lr is not None and not 0 <= given.lr < float("inf"):
        raise UsageError(f"--lr {given.lr:g} is not in [0, ∞); give a learning rate of 0 or more")
    problem = _known("problem", [given.problem], tuple(PROBLEMS))[0]
    rules = _known("rule with an optimizer of torch", given.rule, RULES) if given.rule else SHOWN
    return training.train(
        console,
        problem,
        rules,
        steps=given.steps,
        dtype=given.dtype,
        learning_rate=given.lr,
        output=given.output,
        python=given.python,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = _parser()
    given, more = parser.parse_known_args(arguments)
    if more and given.command != "plot":
        parser.error(f"unrecognized arguments: {' '.join(more)}")
    given.settings = more
    run: Run = given.run
    try:
        return run(given, Console(highlight=False, emoji=False))
    except (
        UsageError,
        ShadowedRuleError,
        ResumeError,
        NotJudgeableError,
        WorkerFailure,
        TargetError,
        OSError,
    ) as error:
        said = f"stepproof: {safe_text(str(error))}"
        Console(stderr=True, highlight=False, emoji=False).print(said, markup=False)
        return judging.NOT_JUDGED
    except KeyboardInterrupt:
        Console(stderr=True).print("stepproof: stopped before anything was judged")
        return 130
    except Exception:  # noqa: BLE001 - Python's own status for it is that of "does not conform"
        traceback.print_exc()
        said = "stepproof: this is an error of stepproof's own, and no verdict; please report it"
        Console(stderr=True, highlight=False).print(said, markup=False)
        return judging.NOT_JUDGED


if __name__ == "__main__":
    sys.exit(main())
