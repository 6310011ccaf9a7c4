"""Comparisons and guards: `python -m bench` lists them.

A benchmark is a module of this package with a ``main(argv: Sequence[str]) -> int | None`` that
prints its setup and a table. ``--quick`` is the one option that each must know: seconds
instead of minutes, for a smoke run that shows that it still works and proves no figure. One
that cannot be quick (it installs its rivals) sets ``SMOKE = False``.
"""

from __future__ import annotations
