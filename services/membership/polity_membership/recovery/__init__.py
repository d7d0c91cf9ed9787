"""Going on from a backup: what was published after it is compared and settled."""
