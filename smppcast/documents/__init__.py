"""Files that people write, in YAML: what they mean, and what is wrong with them and where.

`parse` and `parse_typed` read a text, `described` takes data from Python or JSON instead; `checked` makes
a pydantic model of either, or says what is wrong by file, line, key, value and what was expected.
"""

from __future__ import annotations

from smppcast.documents.document import Document, Path, Place, described, parse, parse_typed
from smppcast.documents.faults import checked, faults_of, together

__all__ = [
    "Document",
    "Path",
    "Place",
    "checked",
    "described",
    "faults_of",
    "parse",
    "parse_typed",
    "together",
]
