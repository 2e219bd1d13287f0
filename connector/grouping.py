"""Cuts changes into calls without parting what belongs together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from connector.record import Change


def groups(changes: Sequence[Change]) -> Iterator[list[Change]]:
    """Changes by group, in the order in which each group first appears; one without a group is alone."""
    found: dict[str, list[Change]] = {}
    for number, change in enumerate(changes):
        found.setdefault(f"group {change.group}" if change.group else f"alone {number}", []).append(change)
    yield from found.values()


def calls(changes: Sequence[Change], size: int, most_groups: int) -> Iterator[list[list[Change]]]:
    """Whole groups, as many as make up to ``size`` changes and ``most_groups`` groups; a larger group is alone."""
    call: list[list[Change]] = []
    for group in groups(changes):
        if call and (len(call) == most_groups or sum(map(len, call)) + len(group) > size):
            yield call
            call = []
        call.append(group)
    if call:
        yield call
