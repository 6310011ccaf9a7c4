"""One script for each client that is measured, each run alone in a process and an environment of its own.

Their docstrings say how they were tuned, and stand in RESULTS.md.
"""
