"""Training from end to end: tutorials' problems, each step of them judged, with their loss curves."""
