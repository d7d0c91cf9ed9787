"""${message}

Old code still runs while this runs and after it: add columns as nullable or with a default, and drop in a later
release what nothing reads any more. Locks are waited for 5 seconds, statements run for 60 at most.
"""

${imports if imports else "from alembic import op"}

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}
