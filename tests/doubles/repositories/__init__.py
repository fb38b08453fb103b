"""Doubles of the places where backups are kept: a real sshd and a real S3 server, in containers of this machine."""
