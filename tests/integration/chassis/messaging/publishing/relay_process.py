"""Runs one relay, to be stopped, continued and killed: `relay_process.py <database url> <bootstrap>`."""

import asyncio
import sys

from polity_chassis.messaging.publishing.relay import Relay

asyncio.run(Relay(sys.argv[1], sys.argv[2], source="test").run())
