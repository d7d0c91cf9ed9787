"""What partner systems use: the documentation of the HTTP API, and subscriptions to facts by webhook."""
