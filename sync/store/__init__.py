"""The store: the only place that speaks SQL."""

from sync.store import likeness_tables, tables, user_tables

__all__ = ["likeness_tables", "tables", "user_tables"]
