"""Erasing a person, and seeing to it that Kafka forgets them."""
