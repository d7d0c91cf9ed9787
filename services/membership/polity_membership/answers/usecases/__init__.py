"""Interest, a no, and saving the form; a commitment is made by `commitments.usecases`."""
