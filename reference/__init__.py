"""How to compute what spec/ states: NumPy references, and the enclosures that judge."""
