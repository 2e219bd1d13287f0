"""Policies that somebody is still writing: one draft a policy, kept until it is published or thrown away."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, select

from sync.drafting import Draft
from sync.store.draft_tables import policy_draft
from sync.store.rows import moment_text, upsert


def keep_draft(connection: Connection, draft: Draft, by: str, now: datetime) -> None:
    """Keep a draft in the place of the one that was there; ``by`` is the id of whoever writes it."""
    row = {"name": draft.name, "text": draft.text, "effective_from": draft.effective_from, "why": draft.why}
    upsert(connection, policy_draft, [row | {"by": by, "at": moment_text(now)}])


def draft_of(connection: Connection, name: str) -> Draft | None:
    """The draft of a policy."""
    c = policy_draft.c
    query = select(c.name, c.text, c.effective_from, c.why).where(c.name == name)
    row = connection.execute(query).one_or_none()
    return Draft(*row) if row else None


def drafts(connection: Connection) -> list[str]:
    """The policies that somebody is writing a next version of."""
    return list(connection.scalars(select(policy_draft.c.name).order_by(policy_draft.c.name)))


def drop_draft(connection: Connection, name: str) -> None:
    """Throw a draft away."""
    connection.execute(delete(policy_draft).where(policy_draft.c.name == name))
