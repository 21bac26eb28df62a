"""What code computes instead of the formula that it claims, and which findings one cause explains."""
