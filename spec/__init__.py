"""What is true: update rules, their options, legal forms, invariants and proofs, in SymPy."""
