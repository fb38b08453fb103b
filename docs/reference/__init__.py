"""The reference of every setting and command, generated: `make reference`."""
