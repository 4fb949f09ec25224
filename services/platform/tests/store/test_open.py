from pathlib import Path

import pytest

from cnop_platform.store.open import InvalidStoreUrl, open_store, sqlite_path, sqlite_url


@pytest.mark.parametrize("path", ["/var/lib/cnop.db", "/with a space/ünïcode #?%.db"])
def test_a_path_and_its_url_are_the_same_place(path):
    assert sqlite_path(sqlite_url(Path(path))) == Path(path)


def test_the_url_of_the_documentation_is_read():
    assert sqlite_path("sqlite:////abs/path/cnop.db") == Path("/abs/path/cnop.db")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "cnop.db",
        "/abs/cnop.db",
        "sqlite://",
        "sqlite:///relative.db",
        "sqlite://host/cnop.db",
        "sqlite:////abs/cnop.db?mode=ro",
        "postgres://host/db",
    ],
)
async def test_anything_else_is_refused_with_an_example(url):
    with pytest.raises(InvalidStoreUrl, match="sqlite:////"):
        await open_store(url)
