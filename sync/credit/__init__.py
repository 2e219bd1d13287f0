"""Who is credited for one deal, with which part: the split of a deal from the claims on it."""

from sync.credit.credit import Lock, credit
from sync.credit.renewal import renewal_of
from sync.credit.reporting import reported
from sync.credit.succession import handed_over
from sync.credit.window import as_posted, worth

__all__ = ["Lock", "as_posted", "credit", "handed_over", "renewal_of", "reported", "worth"]
