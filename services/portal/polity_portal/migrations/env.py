from polity_chassis.database.migrations import run_revisions

run_revisions()
