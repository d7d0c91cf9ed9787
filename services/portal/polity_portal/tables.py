"""The portal's tables: sessions, and files that were uploaded and not imported yet."""

from sqlalchemy import Column, DateTime, ForeignKey, LargeBinary, MetaData, Table, Uuid

portal_metadata = MetaData()

session = Table(
    "session",
    portal_metadata,
    Column("id_hash", LargeBinary, primary_key=True, comment="SHA-256 of the cookie's value, which is kept nowhere"),
    Column("sealed", LargeBinary, nullable=False, comment="tokens and name, readable only with the cookie's value"),
    Column("opened_at", DateTime(timezone=True), nullable=False),
    Column("last_seen_at", DateTime(timezone=True), nullable=False, index=True),
    Column(
        "refreshing_until", DateTime(timezone=True), nullable=True, comment="a request asks the realm for new tokens"
    ),
)

upload = Table(
    "upload",
    portal_metadata,
    Column("id", Uuid, primary_key=True),
    Column("session_id_hash", ForeignKey(session.c.id_hash, ondelete="CASCADE"), nullable=False, index=True),
    Column("network_id", Uuid, nullable=False),
    Column(
        "sealed", LargeBinary, nullable=False, comment="the file and its report, readable only with the cookie's value"
    ),
    Column("uploaded_at", DateTime(timezone=True), nullable=False),
)
