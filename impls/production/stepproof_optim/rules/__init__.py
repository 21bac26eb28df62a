"""One module a rule: its settings, its states and its step, and the class that people call."""
