"""Many rows in few calls: one bad row does not spoil the others, and calls that need not wait do not."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from connector.errors import CrmError, PauseMapping, SkipRecord

A = TypeVar("A")
T = TypeVar("T")
Sent = tuple[Sequence[T], A | CrmError]
Blame = Callable[[CrmError, T], bool]

ABREAST = 4
"""Calls under way at once, where they are many: HubSpot answers 19 a second, and one takes about a fifth of it."""


def batches(rows: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """``rows`` in order, ``size`` at a time."""
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def abreast(ask: Callable[[T], A], several: Sequence[T]) -> list[A]:
    """The answers in order, a few of the calls under way at once; the first that fails raises."""
    if len(several) < 2:
        return [ask(each) for each in several]
    with ThreadPoolExecutor(ABREAST) as threads:
        return list(threads.map(ask, several))


def ahead(calls: Iterator[T], most: int) -> Iterator[T]:
    """What ``calls`` yields, in order; up to ``most`` of the next calls are made while one's rows are worked on.

    What a call raises is raised in its place, after all that was read before it.
    """
    thread = ThreadPoolExecutor(1)
    try:
        coming = deque(thread.submit(next, calls, None) for _ in range(most))
        while (got := coming.popleft().result()) is not None:
            coming.append(thread.submit(next, calls, None))
            yield got
    finally:
        thread.shutdown(cancel_futures=True)


def narrowed(
    send: Callable[[Sequence[T]], A], rows: Sequence[T], blame: Blame[T] = lambda _error, _row: False
) -> Iterator[Sent[T, A]]:
    """Send ``rows`` in one call; a refusal of the whole call is narrowed down to the rows that cause it.

    HubSpot answers one bad row with a 400 that names none: first the rows that ``blame`` finds go, then the call
    is halved until the refusal rests on single rows. What is no row's fault (a limit, a lost answer, a missing
    scope) is the answer for all of them.
    """
    try:
        answer = send(rows)
    except CrmError as refusal:
        if len(rows) == 1 or not _of_a_row(refusal):
            yield rows, refusal
            return
        guilty = [row for row in rows if blame(refusal, row)]
        if guilty:
            yield guilty, refusal
            parts = [[row for row in rows if row not in guilty]]
        else:
            parts = [list(rows[: len(rows) // 2]), list(rows[len(rows) // 2 :])]
        for part in filter(None, parts):
            yield from narrowed(send, part, blame)
    else:
        yield rows, answer


def _of_a_row(refusal: CrmError) -> bool:
    return isinstance(refusal, SkipRecord) or (isinstance(refusal, PauseMapping) and refusal.field is not None)
