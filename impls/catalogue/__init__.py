"""The catalogue: what each implementation under test claims, and how it can run.

An entry is plain data.  The judge reads it; nothing here imports the framework, the spec or the
reference.
"""
