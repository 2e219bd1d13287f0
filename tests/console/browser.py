"""A browser without a window: Starlette's own test client, which still runs on httpx."""

from __future__ import annotations

import warnings

from starlette.exceptions import StarletteDeprecationWarning

with warnings.catch_warnings():
    warnings.simplefilter("ignore", StarletteDeprecationWarning)  # its successor is not on every machine yet
    from starlette.testclient import TestClient as Browser

__all__ = ["Browser"]
