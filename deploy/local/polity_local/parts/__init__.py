"""One file per part: what it needs beforehand, how it starts, when it is well."""
