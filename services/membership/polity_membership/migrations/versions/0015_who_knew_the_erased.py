"""Keeps with an erasure which networks dealt with the person, whose secretariats may ask for it again."""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE person_erasure ADD COLUMN network_ids uuid[] NOT NULL DEFAULT '{}'")
