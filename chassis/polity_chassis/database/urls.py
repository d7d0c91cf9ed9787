"""Database URLs: SQLAlchemy names the driver in the scheme, asyncpg does not."""


def driver_url(url: str) -> str:
    """Returns the SQLAlchemy URL as asyncpg itself reads it."""
    return url.replace("postgresql+asyncpg://", "postgresql://", 1)
