"""What keeps a running service right, by itself or by its operators.

Parked messages are sent again or discarded, facts that a restored database does not know are settled, a projection is
rebuilt beside the one in use, and a process that stands still without a reason ends, to be started again.
"""
