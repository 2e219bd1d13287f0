"""Who may use the console: users, what they are signed in with, failed tries, and what they did."""

from alembic import op
from sqlalchemy import Column, Integer

from sync.store.dialect import TEXT, WORD, Guard, set_guard

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

GUARDS = (
    Guard("act_is_never_edited", "act", "UPDATE", "what somebody did is never edited"),
    Guard("act_is_never_deleted", "act", "DELETE", "what somebody did is never deleted"),
)


def upgrade() -> None:
    """The tables, and the guards of what people did."""
    op.create_table(
        "user_account",
        Column("id", WORD, primary_key=True),
        Column("login", WORD, nullable=False, unique=True),
        *_words("name", "role"),
        *[Column(name, WORD) for name in ("partner", "password", "disabled_at")],
        Column("created_at", WORD, nullable=False),
    )
    op.create_table(
        "visit",
        Column("id", WORD, primary_key=True),
        *_words("user_id", "csrf", "started_at", "seen_at", "ends_at"),
    )
    op.create_index("visit_user", "visit", ["user_id"])
    op.create_table("sign_in_link", Column("id", WORD, primary_key=True), *_words("user_id", "ends_at"))
    op.create_table("failed_try", _number(), *_words("place", "at"))
    op.create_index("failed_try_place", "failed_try", ["place", "at"])
    op.create_table(
        "act", _number(), *_words("user_id", "at", "act", "subject"), Column("body", TEXT, nullable=False)
    )
    op.create_index("act_subject", "act", ["subject", "seq"])
    for guard in GUARDS:
        set_guard(op.get_bind(), guard)


def _number() -> Column[int]:
    return Column("seq", Integer, primary_key=True, autoincrement=True)


def _words(*names: str) -> list[Column[str]]:
    return [Column(name, WORD, nullable=False) for name in names]
