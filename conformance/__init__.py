"""The engine: strategies, properties, verdicts, reports and the command line."""
