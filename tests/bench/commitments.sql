-- One commitment by the statements of membership's use case, for pgbench. Each client takes every :clients-th invitation.
\set i :i + 1
\set n :i * :clients + :client_id
\set campaign :n % :campaigns
BEGIN;
INSERT INTO idempotency_key (caller, route, key, body_hash, status, ids, created_at)
VALUES ('link:' || :n::text, 'POST /v1/answer/commitment', 'bench-' || :n::text, sha256((:n::text)::bytea), 0, '{}', now())
    ON CONFLICT (caller, route, key) DO UPDATE SET created_at = excluded.created_at
 WHERE idempotency_key.created_at < now() - interval '7 days' RETURNING key;
SELECT * FROM campaign
 WHERE id = (SELECT campaign_id FROM invitation
              WHERE id = ('00000000-0000-7000-800c-' || lpad(to_hex(:n::bigint), 12, '0'))::uuid)
   FOR NO KEY UPDATE;
SELECT * FROM invitation WHERE id = ('00000000-0000-7000-800c-' || lpad(to_hex(:n::bigint), 12, '0'))::uuid FOR NO KEY UPDATE;
INSERT INTO person (id, name, office, language, fact_sequence)
VALUES (('00000000-0000-7000-800f-' || lpad(to_hex(:n::bigint), 12, '0'))::uuid, 'Ana Torres', 'Mayor', 'en', 0);
UPDATE campaign SET commitments_count = commitments_count + 1
 WHERE id = ('00000000-0000-7000-800a-' || lpad(to_hex(:campaign::bigint), 12, '0'))::uuid
RETURNING commitments_count \gset
INSERT INTO outbox (message_id, topic, key, key_hash, sequence, type, version, visibility, networks, value, traceparent,
                    occurred_at)
VALUES (gen_random_uuid(), 'membership-commitments-v1', '00000000-0000-7000-8009-' || lpad(to_hex(:n::bigint), 12, '0'), :n::int, 1,
        'membership.commitment_made', 1, 'public', '00000000-0000-7000-800e-000000000000',
        convert_to(repeat('x', 520), 'UTF8'), '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', now());
INSERT INTO commitment (id, campaign_id, network_id, local_government_id, invitation_id, contact_id, signatory_id,
                        language, ordinal, themes, signed_on, made_at, recorded_by, fact_sequence)
VALUES (('00000000-0000-7000-8009-' || lpad(to_hex(:n::bigint), 12, '0'))::uuid,
        ('00000000-0000-7000-800a-' || lpad(to_hex(:campaign::bigint), 12, '0'))::uuid,
        '00000000-0000-7000-800e-000000000000',
        ('00000000-0000-7000-800b-' || lpad(to_hex(:n::bigint), 12, '0'))::uuid,
        ('00000000-0000-7000-800c-' || lpad(to_hex(:n::bigint), 12, '0'))::uuid,
        ('00000000-0000-7000-800d-' || lpad(to_hex(:n::bigint), 12, '0'))::uuid,
        ('00000000-0000-7000-800f-' || lpad(to_hex(:n::bigint), 12, '0'))::uuid,
        'en', :commitments_count::int, '{housing,care,climate}', '2026-03-02', now(), 'link', 1);
UPDATE invitation SET status = 'committed', interested_at = NULL, declined_at = NULL, decline_reason = NULL, link_generation = 1, fact_sequence = 1
 WHERE id = ('00000000-0000-7000-800c-' || lpad(to_hex(:n::bigint), 12, '0'))::uuid;
DELETE FROM answer_draft WHERE invitation_id = ('00000000-0000-7000-800c-' || lpad(to_hex(:n::bigint), 12, '0'))::uuid;
UPDATE proof SET removal_asked_at = now()
 WHERE invitation_id = ('00000000-0000-7000-800c-' || lpad(to_hex(:n::bigint), 12, '0'))::uuid AND removal_asked_at IS NULL;
UPDATE idempotency_key SET status = 201, ids = '{"commitment_id": "00000000-0000-7000-8009-000000000000", "ordinal": 1}'
 WHERE caller = 'link:' || :n::text AND route = 'POST /v1/answer/commitment' AND key = 'bench-' || :n::text;
COMMIT;
