"""What people told dealsync, and the guard that no rule takes back what was adopted, revoked or extended."""

from alembic import op
from sqlalchemy import Column, Integer

from sync.store.dialect import TEXT, WORD, Guard, set_guard

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

GUARDS = (
    Guard(
        "rule_never_reverses_a_person",
        "decision",
        "INSERT",
        "a rule cannot reverse the decision of a person",
        """
        NOT NEW.person
     AND NEW.event IN ('approve', 'reject', 'supersede', 'narrow', 'conflict_found')
     AND EXISTS (
        SELECT 1 FROM decision AS last
        WHERE last.subject = NEW.subject AND last.person
          AND last.seq = (SELECT max(seq) FROM decision WHERE subject = NEW.subject)
          AND (
            last.event IN ('approve', 'reject', 'withdraw', 'revoke', 'extend')
            OR (last.event = 'adopt'
                AND last.to_state NOT IN ('DRAFT', 'SUBMITTED', 'UNDER_REVIEW', 'ACTION_REQUIRED', 'IN_CONFLICT'))
          )
     )
        """,
    ),
    Guard(
        "directive_is_never_edited",
        "directive",
        "UPDATE",
        "what a person said is never edited: record a new directive",
    ),
    Guard("directive_is_never_deleted", "directive", "DELETE", "what a person said is never deleted"),
)


def upgrade() -> None:
    """The table of directives, and its guards."""
    words = [Column(name, WORD, nullable=False) for name in ("subject", "act", "by", "at")]
    op.create_table(
        "directive",
        Column("seq", Integer, primary_key=True, autoincrement=True),
        Column("id", WORD, nullable=False, unique=True),
        *words,
        Column("body", TEXT, nullable=False),
    )
    op.create_index("directive_subject", "directive", ["subject", "seq"])
    for guard in GUARDS:
        set_guard(op.get_bind(), guard)
