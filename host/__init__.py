"""The program on the host: each step of a deployment that does more than run one command is a verb of it.

It needs Python 3.10 and its standard library, and imports nothing else of the project. A step's text is one line,
`gate legal/app legal-app-53f94c8 --port 4000`; what is long or secret comes as JSON on stdin.
"""
