"""How often a network's register has changed: an import compares before it locks, and sees whether it has to again."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The default is for the code of before, which still founds networks.
    op.execute("ALTER TABLE network ADD COLUMN register_version integer NOT NULL DEFAULT 0")
