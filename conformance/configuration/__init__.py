"""What a project says of its own gate: ``[tool.stepproof]`` in its ``pyproject.toml``, or ``stepproof.toml``."""
