"""The store: the only place that speaks SQL."""

from sync.store import tables, user_tables

__all__ = ["tables", "user_tables"]
