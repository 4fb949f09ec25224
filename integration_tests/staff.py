"""Members of staff on a local stack, and access tokens as nobody would issue them.

Both need the stack's state folder (CNOP_STATE): an administrator is made as an operator makes one, and tokens are
signed with the stack's own key, so that nothing but the claim in question can be why they are refused.
"""

import secrets
import subprocess
from pathlib import Path
from typing import Any

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from platform_client import Person
from stack_control import COMMAND, STATE

STAFF = ("support", "auditor", "admin")


def administrator(http: httpx.Client) -> Person:
    """Make an administrator and log them in."""
    username, password = f"admin_{secrets.token_hex(6)}", secrets.token_urlsafe(18)
    email = f"{username}@example.com"
    argv = [str(COMMAND), "admin", "create", username, "--email", email, "--password-stdin", "--state", str(STATE)]
    done = subprocess.run(argv, input=f"{password}\n", capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 0, done.stderr
    person = Person(http, username, email, password, done.stdout.split()[-1])
    person.log_in()
    return person


def with_roles(person: Person, *roles: str, by: Person) -> Person:
    """Give somebody other roles, which ends their sessions, and log them in again."""
    answer = by.call("PUT", f"/admin/users/{person.user_id}/roles", json={"roles": roles})
    assert answer.status_code == 200, answer.text
    person.log_in()
    return person


def altered(token: str, **claims: Any) -> str:
    """Return the token with other claims, signed with the same key as the original."""
    key_id = jwt.get_unverified_header(token)["kid"]
    pem = Path(str(STATE), "secrets", "user_service", "signing", f"{key_id}.pem").read_bytes()
    key = load_pem_private_key(pem, password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return _sign({**claims_of(token), **claims}, key, key_id)


def forged(token: str) -> str:
    """Return the token with the same claims and key id, signed with a key of one's own."""
    return _sign(claims_of(token), ec.generate_private_key(ec.SECP256R1()), jwt.get_unverified_header(token)["kid"])


def unsigned(token: str) -> str:
    """Return the token with the same claims and the algorithm `none`."""
    headers = {"typ": "at+jwt", "kid": jwt.get_unverified_header(token)["kid"]}
    return jwt.encode(claims_of(token), key="", algorithm="none", headers=headers)


def claims_of(token: str) -> dict[str, Any]:
    """Return what a token says."""
    return dict(jwt.decode(token, options={"verify_signature": False}))


def _sign(claims: dict[str, Any], key: ec.EllipticCurvePrivateKey, key_id: str) -> str:
    return jwt.encode(claims, key, algorithm="ES256", headers={"typ": "at+jwt", "kid": key_id})
