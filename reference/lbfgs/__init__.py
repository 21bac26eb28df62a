"""Minimisers that call the function themselves: as a person writes them, on numbers or on balls."""
