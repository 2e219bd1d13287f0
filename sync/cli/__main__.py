"""``python -m sync.cli``: the same as ``dealsync``."""

from sync.cli import main

main()
