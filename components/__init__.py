"""The resources that the program declares, in three rooms: `machine/`, `platform/` and `service/`.

`machine/` is the host, `platform/` is shared by all services, and `service/` is one service, a file for each step of a
release. A service uses the platform, and the platform uses the machine; never the other way.

The files next to this one are used by all three rooms and use none of them: secrets, volumes, images, the builder of
containers, names on the host, commands, and `Host`. No component knows which kind of host it is on.

A component is `(name, args, opts)`. Its args are a frozen dataclass.
"""
