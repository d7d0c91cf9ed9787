"""A second rotation within a day keeps the secrets before the previous one, for as long as they were to sign."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE webhook ADD COLUMN earlier_secrets jsonb NOT NULL DEFAULT '[]'")
