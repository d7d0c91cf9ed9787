CREATE TABLE outbox (
  -- One number at a time: a cached block would hand out numbers in another order than they are taken.
  seq bigint GENERATED ALWAYS AS IDENTITY (CACHE 1) PRIMARY KEY,
  message_id uuid NOT NULL,
  topic text NOT NULL,
  key text NOT NULL,
  key_hash integer NOT NULL,
  sequence bigint NOT NULL,
  type text NOT NULL,
  version smallint NOT NULL,
  visibility text NOT NULL,
  networks text NOT NULL,
  value bytea,
  traceparent text,
  occurred_at timestamptz NOT NULL,
  added_at timestamptz NOT NULL DEFAULT now()
)

-- Rows live for milliseconds: vacuum by count, at once, and without the lock that truncation takes.
ALTER TABLE outbox SET (
  autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0,
  autovacuum_vacuum_insert_threshold = -1, autovacuum_analyze_scale_factor = 0,
  autovacuum_analyze_threshold = 1000000, vacuum_truncate = off, toast.vacuum_truncate = off
)

-- The relay forgets a missing number once every transaction that could hold it has ended, so a transaction must have
-- its id before it takes a number. INSERT alone takes the number first.
CREATE FUNCTION outbox_transaction_id() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_current_xact_id();
  RETURN NULL;
END $$

CREATE TRIGGER outbox_transaction_id BEFORE INSERT ON outbox
FOR EACH STATEMENT EXECUTE FUNCTION outbox_transaction_id()

CREATE TABLE consumer_position (
  consumer text NOT NULL,
  topic text NOT NULL,
  partition integer NOT NULL,
  next_offset bigint NOT NULL,
  at_end_at timestamptz,
  PRIMARY KEY (consumer, topic, partition)
)

CREATE TABLE inbox (
  consumer text NOT NULL,
  topic text NOT NULL,
  key text NOT NULL,
  sequence bigint NOT NULL,
  PRIMARY KEY (consumer, topic, key)
)

CREATE TABLE parked_message (
  id uuid PRIMARY KEY,
  consumer text NOT NULL,
  topic text NOT NULL,
  partition integer NOT NULL,
  "offset" bigint NOT NULL,
  key text,
  sequence bigint,
  type text,
  reason text NOT NULL,
  detail text NOT NULL DEFAULT '',
  raw_key bytea,
  value bytea,
  headers jsonb,
  parked_at timestamptz NOT NULL DEFAULT now(),
  attempts integer NOT NULL DEFAULT 1,
  discarded_at timestamptz,
  discarded_by text,
  discard_reason text,
  CONSTRAINT parked_message_place UNIQUE (consumer, topic, partition, "offset")
)

CREATE INDEX parked_message_key ON parked_message (consumer, topic, key, sequence)

CREATE TABLE idempotency_key (
  caller text NOT NULL,
  route text NOT NULL,
  key text NOT NULL,
  body_hash bytea NOT NULL,
  status smallint NOT NULL,
  ids jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (caller, route, key)
)

CREATE INDEX idempotency_key_age ON idempotency_key (created_at)

CREATE TABLE authority (
  mandate_id uuid PRIMARY KEY,
  person_id uuid NOT NULL,
  role text NOT NULL,
  scope_id uuid,
  language text NOT NULL,
  subject text,
  ended_at timestamptz
)

CREATE INDEX authority_subject ON authority (subject)
