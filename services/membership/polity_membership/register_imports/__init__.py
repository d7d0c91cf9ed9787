"""A file's rows become part of a network's register: all that aren't set aside, or none."""
