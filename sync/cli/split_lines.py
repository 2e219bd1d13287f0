"""``dealsync split --jsonl``: deals to divide come in on stdin, a JSON line each, and go out divided on stdout."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TextIO

from sync.attribution.door import answers


def split_lines(source: Iterable[bytes], target: TextIO) -> int:
    """Every answer as soon as it is known. Returns 1 when a line could not be divided, else 0."""
    failed = False
    for line in answers(source):
        failed = failed or '"error": {' in line
        target.write(line + "\n")
        target.flush()
    return int(failed)


def main() -> int:
    """From the process's own stdin to its stdout."""
    return split_lines(sys.stdin.buffer, sys.stdout)
