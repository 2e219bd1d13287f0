"""What people told dealsync, and the guard that no rule takes back what was adopted, revoked or extended."""

from alembic import op
from sqlalchemy import Column, Integer, String, Text

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

GUARDS = (
    "DROP TRIGGER rule_never_reverses_a_person",
    """
    CREATE TRIGGER rule_never_reverses_a_person BEFORE INSERT ON decision
    WHEN NEW.person = 0
     AND NEW.event IN ('approve', 'reject', 'supersede', 'narrow', 'conflict_found')
     AND EXISTS (
        SELECT 1 FROM decision AS last
        WHERE last.subject = NEW.subject AND last.person = 1
          AND last.seq = (SELECT max(seq) FROM decision WHERE subject = NEW.subject)
          AND (
            last.event IN ('approve', 'reject', 'withdraw', 'revoke', 'extend')
            OR (last.event = 'adopt'
                AND last.to_state NOT IN ('DRAFT', 'SUBMITTED', 'UNDER_REVIEW', 'ACTION_REQUIRED', 'IN_CONFLICT'))
          )
     )
    BEGIN SELECT RAISE(ABORT, 'a rule cannot reverse the decision of a person'); END
    """,
    """
    CREATE TRIGGER directive_is_never_edited BEFORE UPDATE ON directive
    BEGIN SELECT RAISE(ABORT, 'what a person said is never edited: record a new directive'); END
    """,
    """
    CREATE TRIGGER directive_is_never_deleted BEFORE DELETE ON directive
    BEGIN SELECT RAISE(ABORT, 'what a person said is never deleted'); END
    """,
)


def upgrade() -> None:
    """The table of directives, and its guards."""
    words = [Column(name, String, nullable=False) for name in ("subject", "act", "by", "at")]
    op.create_table(
        "directive",
        Column("seq", Integer, primary_key=True, autoincrement=True),
        Column("id", String, nullable=False, unique=True),
        *words,
        Column("body", Text, nullable=False),
    )
    op.create_index("directive_subject", "directive", ["subject", "seq"])
    for guard in GUARDS:
        op.execute(guard)
