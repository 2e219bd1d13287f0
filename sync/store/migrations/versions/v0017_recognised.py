"""Accounts that wait to be compared, links by score alone, and the guard that no score overrules a person."""

from alembic import op
from sqlalchemy import Boolean, Column, Integer

from sync.store.dialect import WORD, Guard, set_guard

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_WHY = "what a person said of two rows is never replaced by a score"
GUARDS = (
    Guard("score_never_overrules_a_person", "said_pair", "UPDATE", _WHY, "NEW.seq = 0 AND OLD.seq > 0"),
    Guard("what_was_said_stays", "said_pair", "DELETE", _WHY, "OLD.seq > 0"),
    Guard("link_is_never_edited", "likeness_link", "UPDATE", "a link is never edited: add what follows"),
    Guard("link_is_never_deleted", "likeness_link", "DELETE", "a link is never deleted: add what follows"),
)


def upgrade() -> None:
    """The two tables, the guards, and names of customers leave the list of what rows name: the index has them."""
    op.create_table("likeness_wait", Column("id", WORD, primary_key=True))
    op.create_table(
        "likeness_link",
        Column("seq", Integer, primary_key=True, autoincrement=True),
        *[Column(name, WORD, nullable=False) for name in ("one", "other", "model", "at")],
        Column("together", Boolean, nullable=False),
        Column("score", Integer, nullable=False),
    )
    for kind in ("account", "registration"):
        op.execute(f"DELETE FROM involved WHERE partner LIKE '{kind} called %'")  # noqa: S608
    for guard in GUARDS:
        set_guard(op.get_bind(), guard)
