"""One file per group of ./dev commands."""
