"""``python -m smppcast``: the command line."""

from __future__ import annotations

from smppcast.cli import main

if __name__ == "__main__":
    main()
