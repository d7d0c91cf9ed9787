"""Keeps how each invitation stands: whether it was declined, and whether a pledge counted by it."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The defaults are for the code of before, which still runs.
    op.execute("ALTER TABLE invitation ADD COLUMN declined boolean NOT NULL DEFAULT false")
    op.execute("ALTER TABLE invitation ADD COLUMN counted boolean NOT NULL DEFAULT false")
    # Until now a pledge was known by its thank-you alone.
    op.execute("""
    UPDATE invitation SET counted = true
      FROM delivery JOIN delivery AS thanks USING (campaign_id, local_government_id)
     WHERE delivery.invitation_id = invitation.invitation_id AND thanks.kind = 'thank_you'
    """)
