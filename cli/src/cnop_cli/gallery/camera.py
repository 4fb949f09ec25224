"""Takes the pictures: every scene in both themes and two widths, each page complete and at rest."""

import base64
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect, sync_playwright

from cnop_cli.gallery.cast import Login
from cnop_cli.gallery.scenes import PATIENCE_MS, SCENES, Scene, Seen

Theme = Literal["light", "dark"]
THEMES: Final[tuple[Theme, ...]] = ("light", "dark")
FORMATS: Final = ("webp", "png")
_QUALITY: Final = 82
# Nothing moves in a picture, and fonts are drawn alike on every machine.
_FLAGS: Final = (
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--font-render-hinting=none",
)


@dataclass(frozen=True, slots=True)
class Size:
    """A window, and how much of a longer page a picture shows, in CSS pixels."""

    name: str
    width: int
    height: int
    most: int


SIZES: Final = (Size("wide", 1440, 900, 1400), Size("phone", 360, 780, 1700))


@dataclass(frozen=True, slots=True)
class Assignment:
    """Where to photograph, who the people are, where the pictures go and in which format."""

    page_url: str
    cast: Mapping[Seen, Login]
    folder: Path
    kind: str = "webp"
    only: str = ""


def shoot(assignment: Assignment, *, chromium: str, report: Callable[[str], None]) -> list[Path]:
    """Take all pictures; return their files.

    Raises:
        playwright.sync_api.Error: a page did not get complete.
    """
    wanted = [scene for scene in SCENES if assignment.only in scene.name]
    taken: list[Path] = []
    with open_browser(chromium) as browser:
        for size in SIZES:
            for seen in Seen:
                scenes = [scene for scene in wanted if scene.by is seen]
                if scenes:
                    report(f"{len(scenes)} pages as {seen.value}, {size.width} px wide")
                    taken += _visit(browser, assignment, scenes, seen, size)
    return taken


@contextmanager
def open_browser(chromium: str) -> Iterator[Browser]:
    """Run a Chromium without a window."""
    flags = [*_FLAGS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=flags)
        yield browser
        browser.close()


def _visit(browser: Browser, assignment: Assignment, scenes: list[Scene], seen: Seen, size: Size) -> Iterator[Path]:
    window = ViewportSize(width=size.width, height=size.height)
    context = browser.new_context(
        viewport=window, base_url=assignment.page_url, locale="en-US", timezone_id="UTC", reduced_motion="reduce"
    )
    context.set_default_timeout(PATIENCE_MS)
    if seen in assignment.cast:
        log_in(context, assignment.cast[seen])
    for scene in scenes:
        page = context.new_page()
        if scene.prepare is not None:
            scene.prepare(page)
        page.goto(scene.path)
        page.get_by_text(scene.awaits).locator("visible=true").first.wait_for()
        if scene.act is not None:
            scene.act(page)
        for theme in THEMES:
            _wear(page, theme)
            yield _picture(page, assignment, scene, f"{scene.name}-{size.name}-{theme}", size)
        page.close()
    context.close()


def log_in(context: BrowserContext, login: Login) -> None:
    """Log in by the form, so that every further page of this context is somebody's own."""
    page = context.new_page()
    page.goto("/login")
    form = page.get_by_role("form", name="Log in")
    form.get_by_label("Username or email").fill(login.username)
    form.get_by_label("Password", exact=True).fill(login.password)
    form.get_by_role("button", name="Log in", exact=True).click()
    if login.app is not None:
        form.get_by_label("Authentication code").fill(login.app.next_code())
        form.get_by_role("button", name="Log in", exact=True).click()
    page.get_by_role("button", name="Account").wait_for()
    page.close()


def _settle(page: Page, scene: Scene) -> None:
    """Wait until nothing is loading any more, unless that is what is shown, and what moved has come to rest."""
    if not scene.loads:
        expect(page.locator("main .animate-pulse, [role=dialog] .animate-pulse")).to_have_count(0, timeout=PATIENCE_MS)
    page.evaluate("() => document.fonts.ready.then(() => new Promise(done => setTimeout(done, 400)))")


def _wear(page: Page, theme: Theme) -> None:
    page.emulate_media(color_scheme=theme)
    page.locator(f"html[data-theme={theme}]").wait_for()
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def _picture(page: Page, assignment: Assignment, scene: Scene, name: str, size: Size) -> Path:
    """Take the page from its top, as long as it is or at most as `size` says."""
    _settle(page, scene)
    length = min(page.evaluate("document.documentElement.scrollHeight"), size.most)
    if page.get_by_role("dialog").count():
        length = size.height
    else:
        page.evaluate("() => scrollTo(0, 0)")
    page.set_viewport_size(ViewportSize(width=size.width, height=max(length, size.height)))
    _settle(page, scene)
    session = page.context.new_cdp_session(page)
    quality = {"quality": _QUALITY} if assignment.kind == "webp" else {}
    shot = session.send("Page.captureScreenshot", {"format": assignment.kind, **quality})
    session.detach()
    file = assignment.folder / f"{name}.{assignment.kind}"
    file.write_bytes(base64.b64decode(shot["data"]))
    page.set_viewport_size(ViewportSize(width=size.width, height=size.height))
    return file
