"""The program on the host: each verb, with and without Docker."""
