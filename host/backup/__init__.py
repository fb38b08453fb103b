"""The program in the backup container: it makes backups of PostgreSQL, tests them, and tells who must know.

`turn` does what is due. Each other module has one idea of it.
"""
