"""Where a registration may go next, and what moves it when nobody disputes it: filing, votes, clocks, the end."""

from sync.lifecycle.approving import may_approve, may_decide
from sync.lifecycle.asking import Ask, asks
from sync.lifecycle.clocks import Reminder, next_reminder, reminders
from sync.lifecycle.directives import appeal_until
from sync.lifecycle.extending import cannot_extend, room
from sync.lifecycle.filing import missing
from sync.lifecycle.moves import MOVES, Event, allowed
from sync.lifecycle.moving import Why, move
from sync.lifecycle.steps import advance
from sync.lifecycle.votes import vote_against, vote_for

__all__ = [
    "MOVES",
    "Ask",
    "Event",
    "Reminder",
    "Why",
    "advance",
    "allowed",
    "appeal_until",
    "asks",
    "cannot_extend",
    "may_approve",
    "may_decide",
    "missing",
    "move",
    "next_reminder",
    "reminders",
    "room",
    "vote_against",
    "vote_for",
]
