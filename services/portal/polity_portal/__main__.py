"""`python -m polity_portal all`: the pages, with the database brought up to date first."""

import sys

from polity_chassis.process import run

from polity_portal.app import service

if __name__ == "__main__":
    sys.exit(run(service, sys.argv[1:]))
