"""What the judge finds out about code that no catalogue describes, by asking it."""
