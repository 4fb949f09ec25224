"""A client of the platform's API, as a person's program would use it: through the gateway, with a bearer token."""

import ssl
import time
import uuid
from dataclasses import dataclass
from typing import Any, Final

import httpx

from cnop_cli.errors import CommandError

PATIENCE_SECONDS: Final = 20.0
# The platform asks to come back later: too many requests, or a dependency or price that is not there right now.
_LATER: Final = frozenset({429, 503})


class Refused(CommandError):
    """The platform refused a request; `code` is its stable code."""

    def __init__(self, what: str, status: int, code: str, detail: str) -> None:
        super().__init__(f"{what} was refused with {status} {code}: {detail}")
        self.code = code


@dataclass(slots=True)
class PlatformClient:
    """Someone's connection to the platform. Every wait is bounded."""

    http: httpx.Client
    token: str | None = None

    @classmethod
    def connect(cls, gateway_url: str, *, ca: str | None = None) -> "PlatformClient":
        """Connect; `ca` is the file of the authority that a stack with TLS has of its own."""
        verify = ssl.create_default_context(cafile=ca) if ca else True
        return cls(httpx.Client(base_url=f"{gateway_url}/api/v1", timeout=15, verify=verify))

    def get(self, path: str, **parameters: Any) -> dict[str, Any]:
        """Return the answer to a GET."""
        return self._call("GET", path, params=parameters)

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Return the answer to a POST; a repetition after a lost answer has no second effect."""
        return self._call("POST", path, json=body, headers={"Idempotency-Key": str(uuid.uuid4())})

    def _call(self, method: str, path: str, *, headers: dict[str, str] | None = None, **options: Any) -> dict[str, Any]:
        credentials = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                answer = self.http.request(method, path, headers={**(headers or {}), **credentials}, **options)
            except httpx.HTTPError as error:
                raise CommandError(f"{method} {path}: the gateway does not answer ({type(error).__name__})") from error
            if answer.status_code not in _LATER or time.monotonic() > deadline:
                return _content(f"{method} {path}", answer)
            time.sleep(min(float(answer.headers.get("retry-after", "0.5")), 5.0))


def _content(what: str, answer: httpx.Response) -> dict[str, Any]:
    try:
        document: dict[str, Any] = answer.json()
    except ValueError:
        document = {}
    if answer.is_success:
        return document
    raise Refused(
        what, answer.status_code, str(document.get("code", "")), str(document.get("detail", "no reason given"))
    )
