"""The chain as arithmetic: whatever single thing is changed in it, and wherever, it does not hold any more."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from sync.audit import (
    Event,
    Kind,
    Link,
    checkpoint,
    checkpoint_fault,
    faults,
    left_by,
    linked,
    rebuild,
    seal,
)

KINDS = st.sampled_from([Kind.DECISION, Kind.STANDING])
EVENTS = st.lists(
    st.builds(
        Event,
        st.sampled_from(["R1", "R2"]),
        KINDS,
        st.text("de12", max_size=3),
        st.text("0123", max_size=3),
        st.text(max_size=6),
    ),
    min_size=2,
    max_size=8,
)


def chains(events: list[Event]) -> list[Link]:
    """The sealed events chain by chain, with the state that the store keeps beside them."""
    states = rebuild(events).standings
    links = [
        replace(link, seq=seq, stored=states.get(link.event.chain))
        for seq, link in enumerate(linked(events, {}), 1)
    ]
    return sorted(links, key=lambda link: (link.event.chain, link.seq))


def whole(events: list[Event]) -> list[Event]:
    """As the program writes them: a text that is empty is no state."""
    return [replace(event, body=event.body or "x") for event in events]


@given(EVENTS)
def test_what_was_sealed_holds(events: list[Event]) -> None:
    assert list(faults(chains(whole(events)))) == []


@given(EVENTS, st.data())
def test_one_change_anywhere_is_found(events: list[Event], data: st.DataObject) -> None:
    links = chains(whole(events))
    place = data.draw(st.integers(0, len(links) - 1))
    link = links[place]
    changed = data.draw(
        st.sampled_from(
            [
                replace(link, event=replace(link.event, body=f"{link.event.body}!")),
                replace(link, event=replace(link.event, body=None)),
                replace(link, event=replace(link.event, ref=f"{link.event.ref}!")),
                replace(link, event=replace(link.event, at="later")),
                replace(link, event=replace(link.event, kind=Kind.CASE)),
                replace(link, prev="0" * 64),
                replace(link, hash="0" * 64),
            ]
        )
    )
    found = list(faults([*links[:place], changed, *links[place + 1 :]]))
    assert [fault.chain for fault in found] == [link.event.chain]
    assert found[0].seq == link.seq


@given(EVENTS, st.data())
def test_one_event_less_is_found_unless_it_is_the_last_that_left_no_state(
    events: list[Event], data: st.DataObject
) -> None:
    links = chains(whole(events))
    place = data.draw(st.integers(0, len(links) - 1))
    own = [link for link in links if link.event.chain == links[place].event.chain]
    rest = [*links[:place], *links[place + 1 :]]
    if links[place] is not own[-1]:
        assert list(faults(rest))
    elif left_by(links[place].event)[0] is Kind.STANDING and len(own) > 1:
        before = rebuild(link.event for link in own[:-1]).standings.get(links[place].event.chain)
        assert bool(list(faults(rest))) == (before != links[place].stored)


@given(EVENTS, st.data())
def test_a_checkpoint_misses_no_event_not_even_the_last(events: list[Event], data: st.DataObject) -> None:
    hashes = [(seq, link.hash) for seq, link in enumerate(linked(whole(events), {}), 1)]
    found = checkpoint("run", "now", 0, "", hashes)
    assert found is not None
    assert checkpoint_fault(None, found, hashes) is None
    place = data.draw(st.integers(0, len(hashes) - 1))
    assert checkpoint_fault(None, found, [*hashes[:place], *hashes[place + 1 :]]) is not None
    swapped = [*hashes[:place], (hashes[place][0], "0" * 64), *hashes[place + 1 :]]
    assert checkpoint_fault(None, found, swapped) is not None


def test_checkpoints_follow_each_other() -> None:
    one = checkpoint("run 1", "now", 0, "", [(1, "a"), (2, "b")])
    assert one is not None
    two = checkpoint("run 2", "now", 2, one.hash, [(3, "c")])
    assert two is not None
    assert checkpoint_fault(one, two, [(3, "c")]) is None
    for before in (None, replace(one, hash="x"), replace(one, upto=1)):
        fault = checkpoint_fault(before, two, [(3, "c")])
        assert fault is not None
        assert "was removed or changed" in fault.what
    assert checkpoint("run 3", "now", 3, two.hash, []) is None


def test_the_parts_of_a_hash_cannot_be_shifted_into_each_other() -> None:
    assert seal("", "ab", "c") != seal("", "a", "bc")
    assert seal("", "1:a,", "") != seal("", "1:a", ",")
