"""The worker is the process in which an implementation under test runs."""
