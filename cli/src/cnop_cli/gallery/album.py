"""Binds the pictures into a page that shows them: one row a scene, both themes, the wide and the narrow window."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from cnop_cli.gallery.camera import THEMES

INDEX: Final = "README.md"
# Of the windows that are photographed: how wide their pictures are shown, so that a row fits a page.
_WIDTHS: Final = {"wide": 380, "phone": 120}
_HEAD: Final = """# What it looks like

Made by `./cnop gallery`, which starts a stack of its own, fills it and photographs every page in both themes at
1440 and 360 pixels. Look at the pictures after a change of the page, and commit them with it.
"""


def bind(folder: Path, pictures: Sequence[Path]) -> None:
    """Write the index, and remove pictures of scenes that are no more."""
    for stale in set(folder.glob("*.webp")) - set(pictures):
        stale.unlink()
    scenes = dict.fromkeys(_scene(picture) for picture in pictures)
    parts = [_HEAD, *(_row(scene, pictures[0].suffix) for scene in scenes)]
    (folder / INDEX).write_text("\n".join(parts), encoding="utf-8")


def _scene(picture: Path) -> str:
    return picture.stem.rsplit("-", 2)[0]


def _row(scene: str, suffix: str) -> str:
    title = scene.replace("-", " ").capitalize()
    images = "\n".join(
        f'<img src="{scene}-{size}-{theme}{suffix}" width="{width}" alt="{title}, {size}, {theme}">'
        for size, width in _WIDTHS.items()
        for theme in THEMES
    )
    return f"## {title}\n\n{images}\n"
