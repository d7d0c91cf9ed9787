from polity_chassis.migrations import run_revisions

run_revisions()
