"""Commitments that count later or no longer, and milestones that are announced.

Old code goes on: what it doesn't write has a default, and it never reads a commitment without an ordinal, for there is
none before a campaign of the new code asks for confirmations.
"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
    ALTER TABLE campaign ADD counts_at_once boolean NOT NULL DEFAULT true,
      ADD withdrawn_count integer NOT NULL DEFAULT 0, ADD reached_threshold integer NOT NULL DEFAULT 0
    """)
    op.execute("""
    UPDATE campaign SET reached_threshold = reached.threshold
      FROM (SELECT campaign_id, max(threshold) AS threshold FROM milestone_reached GROUP BY campaign_id) AS reached
     WHERE reached.campaign_id = campaign.id
    """)
    op.execute("""
    ALTER TABLE commitment ALTER ordinal DROP NOT NULL, ALTER made_at DROP NOT NULL, ADD submitted_at timestamptz,
      ADD returned_at timestamptz, ADD return_reason text, ADD withdrawn_at timestamptz
    """)
    op.execute("ALTER TABLE milestone_reached ADD announced_at timestamptz")
