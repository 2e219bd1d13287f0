"""The tables of the console: who may use it, what they are signed in with, and what they did."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, String, Table, Text

from sync.store.tables import metadata

user_account = Table(
    "user_account",
    metadata,
    Column("id", String, primary_key=True),
    Column("login", String, nullable=False, unique=True),
    Column("name", String, nullable=False),
    Column("role", String, nullable=False),
    Column("partner", String),  # our id of the partner whose people these are
    Column("password", String),  # a hash that carries its salt and its cost; never the password
    Column("disabled_at", String),
    Column("created_at", String, nullable=False),
    Column("crm_ids", String),  # what owner fields of the CRMs hold for this person, by spaces
    Column("language", String),  # in which letters to this person are written; none is English
)

visit = Table(  # one signed-in browser; the id is a hash of what its cookie holds
    "visit",
    metadata,
    Column("id", String, primary_key=True),
    Column("user_id", String, nullable=False),
    Column("csrf", String, nullable=False),
    Column("started_at", String, nullable=False),
    Column("seen_at", String, nullable=False),
    Column("ends_at", String, nullable=False),
)
Index("visit_user", visit.c.user_id)

sign_in_link = Table(  # links that sign somebody in once; the id is a hash of what the link holds
    "sign_in_link",
    metadata,
    Column("id", String, primary_key=True),
    Column("user_id", String, nullable=False),
    Column("ends_at", String, nullable=False),
)

failed_try = Table(  # failed sign-ins by account and by address: too many of them make the next one wait
    "failed_try",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("place", String, nullable=False),
    Column("at", String, nullable=False),
)
Index("failed_try_place", failed_try.c.place, failed_try.c.at)

act = Table(  # who did what in the console; append-only. What people say about deals is a directive as well
    "act",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("user_id", String, nullable=False),
    Column("at", String, nullable=False),
    Column("act", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("body", Text, nullable=False),
)
Index("act_subject", act.c.subject, act.c.seq)
