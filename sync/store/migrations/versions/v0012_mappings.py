"""Published mappings, every version with who, when and why; and what each CRM object looked like."""

from alembic import op
from sqlalchemy import Column, Integer

from sync.store.dialect import TEXT, WORD, Guard, set_guard

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

GUARDS = (
    Guard(
        "published_is_never_edited", "published", "UPDATE", "a published mapping is never edited: publish another"
    ),
    Guard("published_is_never_deleted", "published", "DELETE", "a published mapping is never deleted"),
)


def upgrade() -> None:
    """The two tables, and the guards of what was published."""
    op.create_table(
        "published",
        Column("seq", Integer, primary_key=True, autoincrement=True),
        *[Column(name, WORD, nullable=False) for name in ("mapping", "version", "how", "by", "at")],
        Column("why", TEXT, nullable=False),
        Column("body", TEXT, nullable=False),
    )
    op.create_index("published_mapping", "published", ["mapping", "seq"])
    op.create_table(
        "object_schema",
        *[Column(name, WORD, primary_key=True) for name in ("connection", "object", "which")],
        Column("at", WORD, nullable=False),
        Column("body", TEXT, nullable=False),
    )
    for guard in GUARDS:
        set_guard(op.get_bind(), guard)
