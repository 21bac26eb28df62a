"""Judging at a distance: the questions of a run travel to the code under test, and the answers travel back."""
