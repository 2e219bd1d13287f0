"""What the state machine chooses from: roles, amounts, stages, faults, and the fields of ours that people edit."""

from __future__ import annotations

from hypothesis import strategies as st

from connector.errors import InDoubt, Rejected, TryAgain
from connector.memory import Misfortune

ROLES = st.lists(st.sampled_from(["SOURCE", "RESELL", "IMPLEMENT", "ADVISE"]), min_size=1, max_size=2, unique=True)
AMOUNTS = st.sampled_from([None, "0.01", "1000.01", "250000", "99999.99"])
STAGES = st.sampled_from(["QUALIFIED", "COMMITTED", "WON", "LOST"])
JOINTS = st.sampled_from([None, "K"])
CRMS = st.sampled_from(["sf", "hs"])
NUMBERS = st.integers(0, 11)
FAULTS: dict[str, Misfortune] = {
    "again": TryAgain("not now"),
    "rejected": Rejected("no"),
    "after": "after",
    "in doubt": InDoubt("no answer"),
    "nothing": None,
}
OURS = [
    ("opportunity", "registration_status", "Lost", "lost"),
    ("opportunity", "split_summary", "mine", "mine"),
    ("registration", "message", "edited", "edited"),
    ("attribution", "share", "1", "1"),
    ("attribution", "policy", "other/1", "other/1"),
]
