"""Where whoever wants to join writes to: an office's address, shown to everyone."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE network ADD COLUMN contact_email text")
