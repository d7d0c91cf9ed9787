"""Networks of local governments and their members."""
