"""A mapping file in even form: blank lines, blanks and line ends; order and comments stay as they are."""

from __future__ import annotations

import re
import tomllib
from typing import Final

_PAIR: Final = re.compile(r"""^((?:[A-Za-z0-9_.-]+|"(?:[^"\\]|\\.)*"|'[^']*'))[ \t]*=[ \t]*(.*)$""")


def formatted(text: str) -> str:
    """``text`` in even form; it means exactly the same. Raises tomllib.TOMLDecodeError for what is no TOML."""
    meant = tomllib.loads(text)
    if '"""' in text or "'''" in text:  # what stands over several lines is left as it is
        return text.rstrip() + "\n"
    lines: list[str] = []
    for line in (line.strip() if line.lstrip()[:1] in ("[", "#") else line.rstrip() for line in text.split("\n")):
        pair = _PAIR.match(line)
        lines.append(f"{pair[1]} = {pair[2]}" if pair else line)
    even = "\n".join(_spaced(lines)).strip("\n") + "\n"
    return even if tomllib.loads(even) == meant else text


def _spaced(lines: list[str]) -> list[str]:
    """One blank line before every block with its comments, and never two."""
    spaced: list[str] = []
    around = "["
    for number, line in enumerate(lines):
        if not line and (not spaced or not spaced[-1]):
            continue
        if line.startswith("[") and _is_header(line):
            start = len(spaced)
            while start and spaced[start - 1].startswith("#") and number:
                start -= 1
            if (
                start and spaced[start - 1] and not line.startswith(around)
            ):  # a part of the block before may be close
                spaced.insert(start, "")
            around = line.strip("[]") and f"[{line.strip('[]')}."
        spaced.append(line)
    return spaced


def _is_header(line: str) -> bool:
    return re.fullmatch(r"\[\[?[^\[\],]+\]\]?(\s*#.*)?", line) is not None
