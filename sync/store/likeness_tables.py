"""Tables of who the customer is: the index of accounts, what looks like one, and what people said."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table, Text

from sync.store.tables import metadata

likeness_account = Table(  # one row an account that others may look like
    "likeness_account",
    metadata,
    Column("account", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column("facts", Text, nullable=False),
)

likeness_key = Table(  # what it may have in common with others; sorted by the key
    "likeness_key",
    metadata,
    Column("hash", BigInteger, primary_key=True, autoincrement=False),
    Column("account", BigInteger, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)

likeness_due = Table(  # accounts that changed since they were last compared
    "likeness_due",
    metadata,
    Column("id", String, primary_key=True),
)

likeness_pair = Table(  # accounts that look like one: a proposal, for a person
    "likeness_pair",
    metadata,
    Column("one", String, primary_key=True),
    Column("other", String, primary_key=True),
    Column("outcome", String, nullable=False),
    Column("score", Integer, nullable=False),
    Column("model", String, nullable=False),
)
Index("likeness_pair_other", likeness_pair.c.other)

said_pair = Table(  # the latest word of a person on two rows, both ways round; its history is in the directives
    "said_pair",
    metadata,
    Column("key", String, primary_key=True),
    Column("other", String, primary_key=True),
    Column("together", Boolean, nullable=False),
    Column("seq", Integer, nullable=False),
)
