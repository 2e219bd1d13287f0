"""Who is credited for one deal, with which part: the split of a deal from the claims on it."""

from sync.credit.credit import credit

__all__ = ["credit"]
