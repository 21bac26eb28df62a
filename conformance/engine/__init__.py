"""One way from a claim to a verdict: the engine knows claims, subjects and kinds, and never which."""
