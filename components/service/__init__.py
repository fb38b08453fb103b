"""One service, declared from its block of YAML. `service.py` has the steps of a release in their order, and each is a
file, as in docs/releases.md.

    removal -> preflight -> volumes -> migration -> containers -> cutover -> switch -> retire -> restore

A component is a thing with its own identity, which outlives a release or is replaced by it: `Service`, `Database`,
`ElectricAccess`, `RedisUser`, `Part` (a container with its gate) and `Site` (the service's file in the
gateway). A function is one step of a release: it reads the `Release` that all steps share, takes the resources that it
comes `after`, and returns those that the next step waits for. The cut-over comes after the gates of `parts`.
"""
