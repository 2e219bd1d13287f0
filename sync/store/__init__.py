"""The store: the only place that speaks SQL."""

from sync.store import draft_tables, likeness_tables, measured_tables, sso, tables, user_tables

__all__ = ["draft_tables", "likeness_tables", "measured_tables", "sso", "tables", "user_tables"]
