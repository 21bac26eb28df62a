"""The experiments of the optimizer contract: torch code that tries one clause each."""
