"""The register of local governments and the contact of each."""
