"""${message}

Old code still runs while this runs, and for a while after: add before you require, stop reading before you drop.
Column names carry their unit. No step may hold a lock for long: new indexes on full tables are made CONCURRENTLY.
"""

from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade() -> None:
    ${upgrades if upgrades else "op.execute()"}
