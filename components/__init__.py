"""What exists, in three rooms: `machine/`, `platform/` and `service/`.

`machine/` is where everything runs, `platform/` is what all services share, and `service/` is one service, a file for
each step of its release. A service uses the platform, and the platform uses the machine; never the other way.

The files next to this one serve all three rooms and use none of them: a secret, a volume, an image, the builder of
containers, the names on the host, a command, and `Host`, which is how the rooms see the machine. No component asks
which kind of host it is on.

A component is `(name, args, opts)`. Its args are a frozen dataclass.
"""
