"""One service, a file for each step of a release."""
