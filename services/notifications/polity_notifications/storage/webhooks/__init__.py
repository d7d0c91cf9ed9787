"""Webhooks in the database: what partners subscribed to, what is due to them, and what became of it."""
