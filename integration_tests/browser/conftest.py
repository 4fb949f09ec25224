"""One browser for all journeys; a window of its own, and so a profile, for each."""

import os
import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from playwright.sync_api import sync_playwright
from staff import administrator
from visiting import Visit

CHROMIUM = os.environ.get("CNOP_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
FLAGS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDE, PHONE = (1440, 900), (360, 780)
WHOLE_JOURNEY_SECONDS = 300


def pytest_collection_modifyitems(items):
    here = str(Path(__file__).parent)
    missing = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine; install it for the journeys")
    for item in items:
        if str(item.path).startswith(here):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.timeout(WHOLE_JOURNEY_SECONDS))
            item.add_marker(missing)


@pytest.fixture(scope="session")
def browser():
    flags = [*FLAGS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield browser
        browser.close()


@pytest.fixture(params=[WIDE, PHONE], ids=["wide", "phone"])
def visit(request, browser):
    yield from _visit(browser, request.param)


@pytest.fixture
def wide_visit(browser):
    yield from _visit(browser, WIDE)


@pytest.fixture
def phone_visit(browser):
    yield from _visit(browser, PHONE)


@pytest.fixture
def german_visit(browser):
    yield from _visit(browser, WIDE, locale="de-DE")


def _visit(browser, size, **settings):
    visit = Visit(browser, *size, **settings)
    yield visit
    visit.context.close()
    assert visit.complaints == []


@pytest.fixture(scope="session")
def admin(http):
    return administrator(http)
