"""`python -m polity_notifications api | worker | relay | migrate | all`."""

import sys

from polity_chassis.process import run

from polity_notifications.app import service

if __name__ == "__main__":
    sys.exit(run(service, sys.argv[1:]))
