"""The first tables: networks, their register, campaigns, invitations, commitments, people and mandates."""

from alembic import op
from polity_chassis.database.migrations import create_chassis_tables

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE network (
      id uuid NOT NULL,
      name jsonb NOT NULL,
      fallback_language text NOT NULL,
      time_zone text NOT NULL,
      demonstration boolean NOT NULL,
      fact_sequence integer NOT NULL,
      PRIMARY KEY (id)
    )
    """,
    """
    CREATE TABLE person (
      id uuid NOT NULL,
      name text,
      email text,
      language text,
      office text,
      erased_at timestamptz,
      fact_sequence integer NOT NULL,
      PRIMARY KEY (id)
    )
    """,
    """
    CREATE TABLE campaign (
      id uuid NOT NULL,
      network_id uuid NOT NULL,
      title jsonb NOT NULL,
      objectives jsonb NOT NULL,
      commitment_text jsonb NOT NULL,
      fallback_language text NOT NULL,
      themes jsonb NOT NULL,
      milestones jsonb NOT NULL,
      reply_at timestamptz NOT NULL,
      reply_time_zone text NOT NULL,
      demonstration boolean NOT NULL,
      opened_at timestamptz NOT NULL,
      commitments_count integer NOT NULL,
      fact_sequence integer NOT NULL,
      PRIMARY KEY (id),
      FOREIGN KEY (network_id) REFERENCES network (id)
    )
    """,
    "CREATE INDEX ix_campaign_network_id ON campaign (network_id)",
    """
    CREATE TABLE local_government (
      id uuid NOT NULL,
      network_id uuid NOT NULL,
      name text NOT NULL,
      country text NOT NULL,
      subdivision text,
      region text NOT NULL,
      latitude double precision NOT NULL,
      longitude double precision NOT NULL,
      population integer,
      time_zone text NOT NULL,
      demonstration boolean NOT NULL,
      fact_sequence integer NOT NULL,
      PRIMARY KEY (id),
      CONSTRAINT local_government_place UNIQUE (network_id, name, country, latitude, longitude),
      FOREIGN KEY (network_id) REFERENCES network (id)
    )
    """,
    "CREATE INDEX local_government_by_name ON local_government (network_id, name, id)",
    """
    CREATE TABLE mandate (
      id uuid NOT NULL,
      person_id uuid NOT NULL,
      role text NOT NULL,
      scope_id uuid,
      language text NOT NULL,
      granted_at timestamptz NOT NULL,
      subject text,
      linked_at timestamptz,
      ended_at timestamptz,
      link_generation integer NOT NULL,
      fact_sequence integer NOT NULL,
      PRIMARY KEY (id),
      FOREIGN KEY (person_id) REFERENCES person (id)
    )
    """,
    "CREATE INDEX ix_mandate_person_id ON mandate (person_id)",
    "CREATE INDEX ix_mandate_scope_id ON mandate (scope_id)",
    "CREATE INDEX ix_mandate_subject ON mandate (subject)",
    """
    CREATE TABLE invitation (
      id uuid NOT NULL,
      campaign_id uuid NOT NULL,
      network_id uuid NOT NULL,
      local_government_id uuid NOT NULL,
      contact_id uuid NOT NULL,
      language text NOT NULL,
      wave text NOT NULL,
      reply_at timestamptz NOT NULL,
      reply_time_zone text NOT NULL,
      issued_at timestamptz NOT NULL,
      status text NOT NULL,
      interested_at timestamptz,
      link_generation integer NOT NULL,
      fact_sequence integer NOT NULL,
      PRIMARY KEY (id),
      CONSTRAINT invitation_once UNIQUE (campaign_id, local_government_id),
      FOREIGN KEY (campaign_id) REFERENCES campaign (id),
      FOREIGN KEY (network_id) REFERENCES network (id),
      FOREIGN KEY (local_government_id) REFERENCES local_government (id),
      FOREIGN KEY (contact_id) REFERENCES person (id)
    )
    """,
    """
    CREATE TABLE local_government_contact (
      local_government_id uuid NOT NULL,
      person_id uuid NOT NULL,
      PRIMARY KEY (local_government_id),
      FOREIGN KEY (local_government_id) REFERENCES local_government (id),
      FOREIGN KEY (person_id) REFERENCES person (id)
    )
    """,
    "CREATE INDEX ix_local_government_contact_person_id ON local_government_contact (person_id)",
    """
    CREATE TABLE network_member (
      network_id uuid NOT NULL,
      local_government_id uuid NOT NULL,
      office text NOT NULL,
      PRIMARY KEY (network_id, local_government_id),
      FOREIGN KEY (network_id) REFERENCES network (id),
      FOREIGN KEY (local_government_id) REFERENCES local_government (id)
    )
    """,
    """
    CREATE TABLE commitment (
      id uuid NOT NULL,
      campaign_id uuid NOT NULL,
      network_id uuid NOT NULL,
      local_government_id uuid NOT NULL,
      invitation_id uuid NOT NULL,
      contact_id uuid NOT NULL,
      signatory_id uuid NOT NULL,
      language text NOT NULL,
      ordinal integer NOT NULL,
      themes text[] NOT NULL,
      signed_on date NOT NULL,
      made_at timestamptz NOT NULL,
      fact_sequence integer NOT NULL,
      PRIMARY KEY (id),
      CONSTRAINT commitment_once UNIQUE (campaign_id, local_government_id),
      CONSTRAINT commitment_ordinal UNIQUE (campaign_id, ordinal),
      FOREIGN KEY (campaign_id) REFERENCES campaign (id),
      FOREIGN KEY (network_id) REFERENCES network (id),
      FOREIGN KEY (local_government_id) REFERENCES local_government (id),
      UNIQUE (invitation_id),
      FOREIGN KEY (invitation_id) REFERENCES invitation (id),
      FOREIGN KEY (contact_id) REFERENCES person (id),
      FOREIGN KEY (signatory_id) REFERENCES person (id)
    )
    """,
    "CREATE INDEX ix_commitment_signatory_id ON commitment (signatory_id)",
    """
    CREATE TABLE milestone_reached (
      campaign_id uuid NOT NULL,
      threshold integer NOT NULL,
      ordinal integer NOT NULL,
      commitment_id uuid NOT NULL,
      reached_at timestamptz NOT NULL,
      PRIMARY KEY (campaign_id, threshold),
      FOREIGN KEY (campaign_id) REFERENCES campaign (id),
      FOREIGN KEY (commitment_id) REFERENCES commitment (id)
    )
    """,
)


def upgrade() -> None:
    create_chassis_tables(op)
    for statement in _STATEMENTS:
        op.execute(statement)
