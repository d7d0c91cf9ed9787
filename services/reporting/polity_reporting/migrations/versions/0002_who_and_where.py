"""Keeps where local governments are and all themes of a commitment; old rows get them when progress is rebuilt."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS unaccent")
    op.execute(
        "ALTER TABLE local_government ADD COLUMN latitude double precision, ADD COLUMN longitude double precision"
    )
    op.execute("ALTER TABLE answer ADD COLUMN themes jsonb")
