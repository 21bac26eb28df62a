"""Baselines: frozen records of runs, and what is otherwise in another run."""
