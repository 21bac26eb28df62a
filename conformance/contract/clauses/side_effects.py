"""Clauses about side effects: a step changes parameters and states, and nothing else."""

from __future__ import annotations

from conformance.contract.arguments import each, once
from conformance.contract.clause import Clause
from conformance.contract.requirements import needs_program_of_its_own, needs_visible_state

TITLE = "Side effects"


CLAUSES = (
    Clause(
        "whole/deterministic",
        "Two equal runs that begin with one seed end equal.",
        "torch, notes on reproducibility",
        "side_effects.deterministic",
        once({"size": 999, "steps": 2}),
        of_repetition=True,
    ),
    Clause(
        "whole/threads",
        "The number of threads changes no element's result.",
        "torch, set_num_threads: it sets how many threads compute, not what",
        "side_effects.threads",
        once({"sizes": [65537, 131073], "threads": 2}),
        needs=needs_visible_state,
    ),
    Clause(
        "whole/surroundings",
        "Settings of torch, random states, signal handlers and everybody's functions stay as they were.",
        "this contract: a step changes parameters and states, and nothing else",
        "side_effects.surroundings",
        each({}),
    ),
    Clause(
        "whole/import",
        "Its import changes no setting of torch, no signal handler and no function that others call.",
        "Python: an import defines names in its own module",
        "side_effects.imported",
        once({}),
        needs=needs_program_of_its_own,
    ),
    Clause(
        "whole/leaves-nothing",
        "Dropped, it leaves no thread and no process, and the program ends with its own status.",
        "Python, the data model: a finalizer and an exit handler belong to their object",
        "side_effects.leaves_nothing",
        once({}),
        needs=needs_program_of_its_own,
    ),
    Clause(
        "whole/default-dtype",
        "The default dtype changes no result.",
        "torch, set_default_dtype: it is the dtype of tensors that name none",
        "side_effects.default_dtype",
        once({"dtypes": ["float64", "float16", "bfloat16"], "steps": 3}),
    ),
    Clause(
        "whole/default-device",
        "The default device, where it is not the parameters', changes no result.",
        "torch, set_default_device; torch.optim.Adam keeps its step count on the CPU whatever it is",
        "side_effects.default_device",
        once({}),
    ),
    Clause(
        "whole/memory",
        "Memory does not grow with the number of steps, and a dropped optimizer is freed.",
        "this contract: a state is kept once for each parameter",
        "side_effects.memory",
        once({"steps": 20, "later": 500}),
    ),
)
