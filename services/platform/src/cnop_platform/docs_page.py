"""The browsable API description: Swagger UI from files that we serve ourselves.

No inline script and no request to anybody else, so it works under `default-src 'self'`. The files come from the package
`fastapi-offline`, of which nothing is imported; its Swagger UI is the one that the project itself publishes.
"""

from collections.abc import Mapping
from html import escape
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

POLICY: Final = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
_PACKAGE: Final = "fastapi_offline"
_MEDIA_TYPES: Final[Mapping[str, str]] = {
    "swagger-ui.css": "text/css",
    "swagger-ui-bundle.js": "text/javascript",
}
_START: Final = "start.js"
_START_SCRIPT: Final = """\
window.addEventListener('load', () => {
  const root = document.getElementById('swagger-ui');
  SwaggerUIBundle({
    url: root.dataset.description,
    domNode: root,
    deepLinking: true,
    displayRequestDuration: true,
    persistAuthorization: false,
    validatorUrl: null,
  });
});
"""


def docs_routes(*, title: str, description_url: str, path: str = "/docs") -> list[Route]:
    """Return the routes of the page at `path` and of its assets below it.

    `description_url` is where the browser finds the OpenAPI document. Raises `FileNotFoundError` without the assets.
    """
    folder = _assets()
    html = _page(title=title, description_url=description_url, path=path)

    async def page(_request: Request) -> Response:
        return HTMLResponse(html, headers={"Content-Security-Policy": POLICY, "Cache-Control": "no-cache"})

    async def asset(request: Request) -> Response:
        name = request.path_params["asset"]
        cached = {"Cache-Control": "public, max-age=86400"}
        if name == _START:
            return Response(_START_SCRIPT, media_type="text/javascript", headers=cached)
        if name not in _MEDIA_TYPES:
            raise HTTPException(404)
        return FileResponse(folder / name, media_type=_MEDIA_TYPES[name], headers=cached)

    return [
        Route(path, page, include_in_schema=False),
        Route(f"{path}/{{asset}}", asset, include_in_schema=False),
    ]


def _assets() -> Path:
    spec = find_spec(_PACKAGE)
    for location in (spec.submodule_search_locations or []) if spec else []:
        folder = Path(location) / "static"
        if all((folder / name).is_file() for name in _MEDIA_TYPES):
            return folder
    raise FileNotFoundError(f"the package {_PACKAGE} with the files of the documentation page is not installed")


def _page(*, title: str, description_url: str, path: str) -> str:
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{escape(path)}/swagger-ui.css">
<script src="{escape(path)}/swagger-ui-bundle.js" defer></script>
<script src="{escape(path)}/{_START}" defer></script>
</head>
<body>
<div id="swagger-ui" data-description="{escape(description_url)}"></div>
</body>
</html>
"""
