"""Enclosures of steps as machine code: the same end points as the walk, to the bit."""
