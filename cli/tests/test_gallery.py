import re
from pathlib import Path

from cnop_cli.gallery import album, camera
from cnop_cli.gallery.scenes import SCENES
from cnop_cli.workspace import ROOT

# What a link in a letter opens; the picture of a form for a new password is that of registering.
_ONLY_BY_LETTER = {"/reset-password", "/verify-email"}


def test_every_page_of_the_router_is_photographed() -> None:
    router = (ROOT / "frontend/src/app/router.tsx").read_text(encoding="utf-8")
    paths = {each for each in re.findall(r"path: '(/[^'$]*)'", router) if each != "/"} - _ONLY_BY_LETTER
    seen = [scene.path for scene in SCENES]
    assert [path for path in paths if not any(path.rstrip("/") in each for each in seen)] == []


def test_scenes_have_names_of_their_own() -> None:
    names = [scene.name for scene in SCENES]
    assert len(names) == len(set(names))


def test_the_album_shows_each_scene_in_both_themes_and_widths_and_drops_old_pictures(tmp_path: Path) -> None:
    (tmp_path / "gone-wide-dark.webp").write_bytes(b"")
    pictures = [
        tmp_path / f"{scene}-{size.name}-{theme}.webp"
        for scene in ("trade", "trade-review")
        for size in camera.SIZES
        for theme in camera.THEMES
    ]
    for picture in pictures:
        picture.write_bytes(b"")
    album.bind(tmp_path, pictures)
    index = (tmp_path / album.INDEX).read_text(encoding="utf-8")
    assert re.findall(r"^## (.+)$", index, re.MULTILINE) == ["Trade", "Trade review"]
    assert sorted(re.findall(r'src="([^"]+)"', index)) == sorted(picture.name for picture in pictures)
    assert not (tmp_path / "gone-wide-dark.webp").exists()
