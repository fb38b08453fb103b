"""One platform for all end-to-end tests of a process, started by the rehearsal and by the engine in turn."""

from collections.abc import Iterator

import pytest

from local import images
from tests.electric.client import install
from tests.sweeping import sweep_volumes
from tests.throwaway.listener import listening

from .laws import ENFORCEMENT, LEGAL
from .platform import REGISTRY, Platform
from .runner import Engine, Rehearsal, has_engine
from .watched import Watched

RUNNERS = [
    pytest.param(Rehearsal, id="rehearsal"),
    pytest.param(Engine, id="engine", marks=pytest.mark.engine),
]


# Slow files. With several test processes, each of them has its own platform.
APART = (
    "test_bad_releases",
    "test_documents",
    "test_electric",
    "test_electric_faults",
    "test_killed_releases",
    "test_plans",
    "test_restores",
)


# If the engine is installed, it proves the platform; this proves that the rehearsal does the same.
REHEARSED = ("test_serving",)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Runs tests of the platform with one runner alone; `pytest -m engine` runs all of them with the engine."""
    if "engine" not in str(config.option.markexpr):
        twice = [item for item in items if _is_run_elsewhere(item)]
        config.hook.pytest_deselected(items=twice)
        items[:] = [item for item in items if item not in twice]
    for item in items:
        if isinstance(item, pytest.Function) and "raised" in item.fixturenames:
            runner = getattr(item.callspec.params["raised"], "name", "")
            item.add_marker(pytest.mark.xdist_group(f"{runner} {'apart' if item.path.stem in APART else ''}".strip()))


def _is_run_elsewhere(item: pytest.Item) -> bool:
    """Whether the other runner proves the same: the rehearsal if it is enough, otherwise the engine."""
    once = item.get_closest_marker("one_runner") is not None
    if item.get_closest_marker("engine"):
        return once
    both = isinstance(item, pytest.Function) and "raised" in item.fixturenames
    return both and not once and has_engine() and item.path.stem not in REHEARSED


@pytest.fixture(scope="package", params=RUNNERS)
def raised(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """The platform. It goes when this process leaves these tests: its health checks would slow the other tests."""
    if request.param is Engine and not has_engine():
        pytest.skip("no Pulumi CLI")
    platform = Platform(tmp_path_factory.mktemp("project"), request.param)
    first = platform.up()
    assert first.ok, first.why
    yield platform
    platform.reset()
    gone = platform.run("destroy")
    assert gone.ok, gone.why
    assert not platform.containers()


@pytest.fixture
def platform(raised: Platform) -> Platform:
    """The platform as its stack file declares it. The next test reverts the changes of the last one."""
    raised.revert()
    return raised


@pytest.fixture(scope="package")
def newer(raised: Platform) -> str:
    """A newer image of the app, in the registry alone."""
    settings = raised.committed["sertantai:registry"], raised.committed["sertantai:registry_token"]
    return images.build("app", "newer", REGISTRY, settings[0]["username"], settings[1])


@pytest.fixture
def laws(platform: Platform) -> Iterator[None]:
    """Electric's client is installed, and its tables are empty before and after."""
    install()
    for database in (LEGAL, ENFORCEMENT):
        platform.sql("DELETE FROM uk_lrt", database)
    yield
    for database in (LEGAL, ENFORCEMENT):
        platform.sql("DELETE FROM uk_lrt", database)


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """A small platform of its own, with alerts."""
    with listening() as listener:
        platform = Watched(tmp_path_factory.mktemp("watched"), listener)
        first = platform.up()
        assert first.ok, first.why
        yield platform
        gone = platform.run("destroy")
        assert gone.ok, gone.why
        sweep_volumes(f"sertantai-{platform.stack}-")  # such as the backups
