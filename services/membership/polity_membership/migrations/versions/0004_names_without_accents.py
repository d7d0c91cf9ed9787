"""Names are found as people type them: without accents."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # A trusted extension: the database's owner may add it.
    op.execute("CREATE EXTENSION IF NOT EXISTS unaccent")
