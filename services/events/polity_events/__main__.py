"""`python -m polity_events api | worker | relay | migrate | all`."""

import sys

from polity_chassis.process import run

from polity_events.app import service

if __name__ == "__main__":
    sys.exit(run(service, sys.argv[1:]))
