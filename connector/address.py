"""Which addresses secrets may be sent to."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit


def is_safe(url: str) -> bool:
    """Whether a URL is https, or http that stays inside this machine."""
    where = urlsplit(url)
    if not where.hostname:
        return False
    return where.scheme == "https" or (where.scheme == "http" and _is_loopback(where.hostname))


def stays_here(url: str) -> bool:
    """Whether a URL never leaves this machine."""
    return _is_loopback(urlsplit(url).hostname or "")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
