"""The program on the host. Each step of a deployment that does more than run one command is a verb of it.

It needs Python 3.10 and its standard library, and imports nothing else of the project. A step calls it with one line,
such as `gate legal/app legal-app-53f94c8 --port 4000`; long and secret values come as JSON on stdin.
"""
