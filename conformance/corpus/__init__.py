"""A corpus of interesting cases, which git keeps: what a search replays first and adds to."""
