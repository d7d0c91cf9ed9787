"""What a demonstration network has beside the real pages: the tour, its sample file, the page about it."""
