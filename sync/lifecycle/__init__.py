"""Where a registration may go next, and what moves it when nobody disputes it: filing, votes, clocks, the end."""

from sync.lifecycle.filing import missing
from sync.lifecycle.moves import MOVES, Event, allowed
from sync.lifecycle.moving import Why, move
from sync.lifecycle.steps import advance
from sync.lifecycle.votes import vote_against, vote_for

__all__ = ["MOVES", "Event", "Why", "advance", "allowed", "missing", "move", "vote_against", "vote_for"]
