"""`python -m stepproof_optim.prepare` builds what steps many small tensors in one call, once for each torch."""

from __future__ import annotations

import sys

from .engine.prepared import build


def main() -> int:
    """Build it and return 0, or say in one line why not and return 1."""
    try:
        print(f"built {build()}")
    except RuntimeError as error:
        print(f"not built: {error}; steps are as before", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
