"""A mail's lease apart from when it is due; and what tells whether it still holds."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_STATEMENTS = (
    "ALTER TABLE delivery ADD COLUMN leased_until timestamptz",
    # Of mails asked for before, the number of their fact is not known: nothing that comes is taken for later.
    "ALTER TABLE delivery ADD COLUMN sequence bigint",
    "ALTER TABLE invitation ADD COLUMN declined_sequence bigint",
    "ALTER TABLE invitation ADD COLUMN commitment_id uuid",
    "ALTER TABLE invitation ADD COLUMN pledge text",
    "ALTER TABLE invitation ADD COLUMN pledge_sequence bigint",
    "CREATE INDEX invitation_commitment ON invitation (commitment_id)",
    """
    CREATE INDEX delivery_invitation ON delivery (invitation_id)
     WHERE status IN ('waiting_address', 'queued', 'cancelled_revoked', 'cancelled_answered')
    """,
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
