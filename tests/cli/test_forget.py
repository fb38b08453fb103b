"""A state forgets the steps that were done on a lost server, and nothing else."""

from cli.forget import STEP, without_steps


def test_steps_are_forgotten_and_nothing_depends_on_them() -> None:
    password = {"urn": "password", "type": "random:index/randomPassword:RandomPassword", "outputs": {"result": "x"}}
    step = {"urn": "step", "type": STEP, "dependencies": ["password"]}
    container = {
        "urn": "container",
        "type": "docker:index/container:Container",
        "dependencies": ["step", "password"],
        "propertyDependencies": {"name": ["step"], "image": ["password"], "envs": None},
    }
    kept = {
        **container,
        "dependencies": ["password"],
        "propertyDependencies": {"name": [], "image": ["password"], "envs": []},
    }
    assert without_steps([password, step, container]) == [password, kept]
