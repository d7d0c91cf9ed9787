ALTER TABLE inbox ADD COLUMN message_id uuid

ALTER TABLE outbox ADD COLUMN actor text, ADD COLUMN on_behalf_of text

CREATE TABLE relay_position (
  topic text NOT NULL,
  partition integer NOT NULL,
  next_offset bigint NOT NULL,
  PRIMARY KEY (topic, partition)
)

CREATE TABLE restore_check (
  single boolean DEFAULT true NOT NULL PRIMARY KEY CONSTRAINT restore_check_single CHECK (single),
  written_as text
)

-- Of this row in this database under this process of PostgreSQL: no copy of it has the same, whoever made it and how.
CREATE FUNCTION restore_mark(row_xmin xid) RETURNS text LANGUAGE sql AS $$
  SELECT concat_ws(' ', row_xmin, oid, pg_postmaster_start_time()) FROM pg_database WHERE datname = current_database()
$$

-- Whoever migrates a database has it in use; the relay compares it at its next start all the same.
INSERT INTO restore_check (written_as) VALUES (restore_mark(pg_current_xact_id()::xid))

CREATE TABLE orphan (
  topic text NOT NULL,
  partition integer NOT NULL,
  "offset" bigint NOT NULL,
  key text NOT NULL,
  sequence bigint NOT NULL,
  type text NOT NULL,
  message_id uuid NOT NULL,
  value bytea,
  occurred_at timestamptz NOT NULL,
  found_at timestamptz NOT NULL DEFAULT now(),
  settled_at timestamptz,
  settled_by text,
  reason text,
  PRIMARY KEY (topic, partition, "offset")
)

CREATE INDEX orphan_key ON orphan (key)

-- A restored database would give numbers that are given already, so it takes no fact before it was compared with Kafka.
-- PO001 is ours: classes from I to Z are left to implementations.
CREATE FUNCTION outbox_restore_check() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM restore_check WHERE written_as = restore_mark(xmin);
  IF NOT FOUND THEN
    RAISE EXCEPTION 'not yet compared with what was published' USING ERRCODE = 'PO001';
  END IF;
  RETURN NULL;
END $$

CREATE TRIGGER outbox_restore_check BEFORE INSERT ON outbox
FOR EACH STATEMENT EXECUTE FUNCTION outbox_restore_check()
