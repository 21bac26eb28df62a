"""What is true: update rules, their options, legal forms, claims and proofs, in SymPy."""
