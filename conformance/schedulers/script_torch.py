"""The standalone script of a finding on a scheduler: torch and the scheduler's library, nothing else."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from typing import Any

from conformance.engine import script_builder as build
from conformance.engine.script_builder import indented, literal
from conformance.engine.script_source import source
from conformance.schedulers.cases import described
from conformance.schedulers.formula_lines import first_line
from conformance.schedulers.script_optax import script_optax
from conformance.schedulers.subject import AS_PROCESS, EPOCH, WrongReading
from impls.catalogue.scheduler_entries import NUMPY, OPTAX, TIMM

LIBRARY = "torch.optim.lr_scheduler"
READ = {
    EPOCH: "[scheduler.last_epoch]",
    "get_last_lr": "[float(lr) for lr in scheduler.get_last_lr()]",
    "the momentum": "[g['momentum'] if 'momentum' in g else g['betas'][0] for g in optimizer.param_groups]",
}
RATES = "[float(g['lr']) for g in optimizer.param_groups]"
THROUGH = {
    "pickle": ["state = pickle.loads(pickle.dumps(scheduler.state_dict()))"],
    "json": ["state = json.loads(json.dumps(scheduler.state_dict()))"],
    "weights_only": [
        "torch.save(scheduler.state_dict(), file := io.BytesIO())",
        "file.seek(0)",
        "state = torch.load(file, weights_only=True)",
    ],
}
OTHERS = """
def others():
    \"\"\"What a scheduler has no business with; the keys are left out that it may add for itself.\"\"\"
    own = {'params', 'lr', 'initial_lr', 'max_lr', 'min_lr', 'swa_lr'}
    own |= {'momentum', 'max_momentum', 'base_momentum'}
    groups = [{**g, 'betas': g.get('betas', ())[1:]} for g in optimizer.param_groups]
    return [{key: repr(value) for key, value in g.items() if key not in own} for g in groups]
"""


def script(failure: WrongReading) -> str:
    """Return a script of a few lines that builds the case and shows what is wrong."""
    node = failure.case.node
    title = f"{node.entry.name}: {failure.quantity}."
    formula = [] if node.entry.composed else build.comment(first_line(node.schedule).text)
    if node.entry.interface == NUMPY:
        needed = f"{node.entry.name} needs stepproof itself: replay the case"
        return build.assembled(title, [*formula, f"sys.exit({literal(needed)})"])
    if node.entry.interface == OPTAX:
        return script_optax(failure, title, formula)
    return _Scheduler(failure).script(title, formula)


class _Scheduler:
    """What the lines of one script share: the case, the targets by what is written, the kind of finding."""

    def __init__(self, failure: WrongReading) -> None:
        self.failure, self.case = failure, failure.case
        self.told_epochs = self.case.node.entry.interface == TIMM
        self.resumed = any(name == "resume" for name, *_ in failure.actions)
        self.process = [action[1] for action in failure.actions if action[0] == AS_PROCESS]
        self.made = [action for action in failure.actions if action[0] != AS_PROCESS]
        self.of_tensors = failure.quantity.startswith("the lr tensor")
        self.of_keys = failure.quantity.endswith("of a group")
        self.targets: dict[str, build.Target] = {}

    def script(self, title: str, formula: Sequence[str]) -> str:
        """Return the whole script."""
        functions = ["\n".join(self._new_optimizer()), "\n".join(self._schedule()), *[OTHERS] * self.of_keys]
        read = READ.get(self.failure.quantity, RATES)
        lines = [
            "optimizer = new_optimizer()",
            *self._held(),
            *["before = others()"] * self.of_keys,
            "scheduler = schedule(optimizer)",
            *["count = 0"] * self.told_epochs,
            "readings = []",
            *(line for action in self.made for line in self._action(action, read)),
        ]
        held = source(files("impls").joinpath("worker"), "process_group", "joined") if self.process else None
        lines = self._as_processes(lines) if self.process else lines
        return build.assembled(title, self._ended(lines, formula), self.targets.values(), functions, held)

    def _as_processes(self, lines: Sequence[str]) -> list[str]:
        """Return the lines of a run in two processes, after which the one that is looked at goes on."""
        (rank,) = self.process
        return [
            "with joined(None, None) as rank:",
            *indented(lines),
            f"if rank != {rank}:",
            "    sys.exit(0 if rank else os.waitstatus_to_exitcode(os.wait()[1]))",
        ]

    def _held(self) -> list[str]:
        return ["held = [g['lr'] for g in optimizer.param_groups]"] * self.of_tensors

    def _new_optimizer(self) -> Iterator[str]:
        case = self.case
        yield "def new_optimizer():"
        yield "    groups = ["
        for lr in case.base:
            given = "" if case.shared else f", 'lr': {_rate(lr, case.lr_dtype)}"
            yield f"        {{'params': [torch.nn.Parameter(torch.zeros(1))]{given}}},"
        yield "    ]"
        given = "momentum=0.9" if case.optimizer == "SGD" else "betas=(0.9, 0.999)"
        if case.shared or case.node.entry.single_base_lr:
            given += f", lr={_rate(case.base[0], case.lr_dtype if case.shared else '')}"
        yield f"    return torch.optim.{case.optimizer}(groups, {given})"

    def _schedule(self) -> Iterator[str]:
        """Yield the function that builds the scheduler, its parts in the order of the case."""
        node = described(self.case.node, self.case.base, self.case.order)
        more = ["**more"] * self.resumed
        yield f"def schedule({', '.join(['optimizer', *more])}):"
        parts = node.get("parts", [])
        for place in node.get("order") or range(len(parts)):
            yield f"    part_{place} = {self._built(parts[place])}"
        named = [f"part_{place}" for place in range(len(parts))]
        yield f"    return {self._built(node, named, more)}"

    def _built(self, node: Mapping[str, Any], parts: Sequence[str] = (), more: Sequence[str] = ()) -> str:
        given = ["optimizer"]
        if "parts" in node:
            held = f"[{', '.join(parts or [self._built(part) for part in node['parts']])}]"
            given = [held, "optimizer=optimizer"] if node["first"] == "schedulers" else ["optimizer", held]
        tables = []
        for key, held_by in node.get("tables", {}).items():
            functions = ", ".join(f"{_table(values)}.__getitem__" for values in held_by)
            tables.append(f"{key}={functions if len(held_by) == 1 else f'[{functions}]'}")
        keywords = build.arguments(*given, **node.get("keywords", {}))
        return f"{self._called(node['target'])}({', '.join([keywords, *tables, *more])})"

    def _called(self, written: str) -> str:
        module, _, name = written.rpartition(":")
        if module == LIBRARY:
            return f"lr_scheduler.{name}"
        if written not in self.targets:
            self.targets[written] = build.target(written, {item.name for item in self.targets.values()})
        return self.targets[written].name

    def _step(self, *given: str) -> list[str]:
        """Return the lines of a step of the scheduler; one of timm is told the epoch that begins."""
        if not self.told_epochs:
            return [f"scheduler.step({', '.join(given)})"]
        return ["count += 1", f"scheduler.step({', '.join(['count', *given])})"]

    def _action(self, action: Sequence[Any], read: str) -> list[str]:
        name, given, *_ = *action, None
        reading = ["optimizer.step()", f"readings.append({read})"]
        if name in {"run", "skip"}:
            return build.loop(given, [*(reading if name == "run" else ()), *self._step()])
        if name == "read":
            return reading
        if name in {"metrics", "epochs"}:
            to_epoch = [*["count = given"] * self.told_epochs, "scheduler.step(given)"]
            stepped = self._step("given") if name == "metrics" else to_epoch
            return [f"for given in {literal(given)}:", *indented([*stepped, *reading])] if given else []
        if name == "add":
            group = f"{{'params': [torch.nn.Parameter(torch.zeros(1))], 'lr': {literal(given)}}}"
            return [f"optimizer.add_param_group({group})"]
        if name == "detour":
            return self._detour(fresh=given, past=action[2])
        return self._renewed(name, given)

    def _detour(self, *, fresh: bool, past: Sequence[Sequence[Any]]) -> list[str]:
        """Return the lines that load a checkpoint over what other steps have left."""
        made = ["optimizer = new_optimizer()", "scheduler = schedule(optimizer)", *["count = 0"] * self.told_epochs]
        return [
            "kept, state = pickle.loads(pickle.dumps([optimizer.state_dict(), scheduler.state_dict()]))",
            *["then = count"] * self.told_epochs,
            *made * fresh,
            "readings, read = [], readings",
            *(line for action in past for line in self._action(action, RATES)),
            "readings = read",
            *["count = then"] * self.told_epochs,
            "optimizer.load_state_dict(kept)",
            "scheduler.load_state_dict(state)",
        ]

    def _renewed(self, name: str, given: Any) -> list[str]:
        """Return the lines that go on with a fresh optimizer and a fresh scheduler."""
        kept = "kept = copy.deepcopy(optimizer.state_dict())"
        fresh, loaded = "optimizer = new_optimizer()", ["optimizer.load_state_dict(kept)", *self._held()]
        if name == "resume":
            return [kept, fresh, *loaded, f"scheduler = schedule(optimizer, last_epoch={given})"]
        saved = [kept, *THROUGH[given], "keys = set(state)"]
        return [*saved, fresh, "scheduler = schedule(optimizer)", *loaded, "scheduler.load_state_dict(state)"]

    def _ended(self, lines: Sequence[str], formula: Sequence[str]) -> list[str]:
        """Return what is done, and the end that fits what was found."""
        failure, quantity = self.failure, self.failure.quantity
        if failure.error:
            return build.raising(lines, failure.error, failure.expected)
        if self.of_tensors:
            loaded = "loaded = [g['lr'] for g in optimizer.param_groups]"
            shown = "[*map(id, loaded)] != [*map(id, held)] or len({*map(id, loaded)}) < len(loaded)"
            said = "{loaded}; expected: the tensors that the groups were given, each its own"
            return [*lines, loaded, *build.ending(shown, said)]
        if quantity.endswith("of the state"):
            said = "load_state_dict took or added the keys {keys ^ set(state) or None}; expected: none"
            return [*lines, *build.ending("keys != set(state)", said)]
        if self.of_keys:
            said = "the groups hold {others()}; expected: {before}"
            return [*lines, *build.ending("others() != before", said)]
        if math.isnan(failure.legal[0]):
            clear = ["accepted = True", "try:", *indented(lines), "except (TypeError, ValueError):"]
            said = f"accepted is {{accepted}}; expected: {build.told(failure.expected)}"
            return [*clear, "    accepted = False", *build.ending("accepted", said)]
        value = f"readings[{failure.index}][{failure.group}]"
        return [*lines, "", *formula, *build.compared(quantity, value, failure.legal)]


def _rate(lr: float, dtype: str) -> str:
    return f"torch.tensor({literal(lr)}, dtype=torch.{dtype})" if dtype else literal(lr)


def _table(values: Sequence[float]) -> str:
    if len(set(values)) == 1:
        return f"([{literal(values[0])}] * {len(values)})"
    return literal(list(values))
