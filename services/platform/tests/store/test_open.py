from pathlib import Path

import pytest

from cnop_platform.store.open import DynamoPlace, InvalidStoreUrl, dynamodb_place, open_store, sqlite_path, sqlite_url


@pytest.mark.parametrize("path", ["/var/lib/cnop.db", "/with a space/ünïcode #?%.db"])
def test_a_path_and_its_url_are_the_same_place(path):
    assert sqlite_path(sqlite_url(Path(path))) == Path(path)


def test_the_url_of_the_documentation_is_read():
    assert sqlite_path("sqlite:////abs/path/cnop.db") == Path("/abs/path/cnop.db")


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("dynamodb://eu-central-1/orders", DynamoPlace("eu-central-1", "orders", None)),
        (
            "dynamodb://local/a.b_c-1?endpoint=http://127.0.0.1:8123",
            DynamoPlace("local", "a.b_c-1", "http://127.0.0.1:8123"),
        ),
        ("dynamodb://r-1/tab?endpoint=https%3A%2F%2Fvpce.example", DynamoPlace("r-1", "tab", "https://vpce.example")),
    ],
)
def test_a_table_is_found_by_its_url(url, place):
    assert dynamodb_place(url) == place


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
        "dynamodb://eu-central-1",
        "dynamodb://eu-central-1/",
        "dynamodb:///orders",
        "dynamodb://eu-central-1/orders/more",
        "dynamodb://EU/orders",
        "dynamodb://eu-central-1/or ders",
        "dynamodb://eu-central-1/orders?endpoint=",
        "dynamodb://eu-central-1/orders?endpoint=ftp://host",
        "dynamodb://eu-central-1/orders?endpoint=http://host/path",
        "dynamodb://eu-central-1/orders?profile=me",
        "dynamodb://key:secret@eu-central-1/orders",
    ],
)
async def test_anything_else_is_refused_with_an_example(url):
    with pytest.raises(InvalidStoreUrl, match="sqlite:////"):
        await open_store(url)
