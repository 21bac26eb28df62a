"""What can be judged: entries that are installed, what is recognised, and the units of a run."""
