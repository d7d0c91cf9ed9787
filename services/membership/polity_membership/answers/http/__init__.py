"""The routes of an invitation's link."""
