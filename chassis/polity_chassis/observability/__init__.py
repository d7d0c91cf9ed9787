"""Logs, traces, gauges and the garbage collector of a process.

Nothing that a person entered, no token and no link is written to a log or a trace, and a collector of traces that
hangs delays no request.
"""
