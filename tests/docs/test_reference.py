"""The reference of settings and commands is that of the program as it is now."""

from types import ModuleType

import pytest

from docs.reference import commands, settings


@pytest.mark.parametrize("page", [settings, commands], ids=["settings", "commands"])
def test_the_page_is_current(page: ModuleType) -> None:
    assert page.FILE.read_text() == page.text(), "run `make reference`"
