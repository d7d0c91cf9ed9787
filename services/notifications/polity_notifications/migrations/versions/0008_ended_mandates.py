"""Of a mandate that has ended the copy keeps no sign-in."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("UPDATE authority SET subject = NULL WHERE ended_at IS NOT NULL AND subject IS NOT NULL")
