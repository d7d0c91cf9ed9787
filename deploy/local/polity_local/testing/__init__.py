"""What tests hold in their hands: servers to test with, and files made up by hand."""
