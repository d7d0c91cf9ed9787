"""HTTP: problems (RFC 9457) in the caller's language, pages by key, entity tags, idempotency keys, OpenAPI, health.

An answer never quotes what was entered. The same request sent twice with one key is done once. Who may call is decided
in `authorization`, not here.
"""
