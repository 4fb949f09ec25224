"""The ceremonies of WebAuthn, by the `webauthn` library: users are verified, authenticators not attested."""

import base64
import binascii
from collections.abc import Sequence
from typing import Any

import webauthn
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url, options_to_json_dict
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from cnop_core.ids import UserId
from cnop_platform import strict_json
from cnop_users.application.passkeys import Credential

_VERIFIED = UserVerificationRequirement.REQUIRED
# What the library raises for what it cannot read: it takes a key for a map, and looks into it before it asks.
_UNREADABLE = (WebAuthnException, ValueError, LookupError, TypeError, AttributeError)


class WebAuthnCeremonies:
    """`domain` is the relying party's id; answers must come from exactly one of the origins."""

    def __init__(self, *, domain: str, name: str, origins: frozenset[str]) -> None:
        self._domain = domain
        self._name = name
        self._origins = sorted(origins)

    def creation_options(self, *, user_id: UserId, username: str, challenge: bytes, known: Sequence[str]) -> Credential:
        """See `Ceremonies.creation_options`."""
        options = webauthn.generate_registration_options(
            rp_id=self._domain,
            rp_name=self._name,
            user_name=username,
            user_id=user_id.encode(),
            challenge=challenge,
            exclude_credentials=_descriptors(known),
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED, user_verification=_VERIFIED
            ),
        )
        return options_to_json_dict(options)

    def request_options(self, *, challenge: bytes, allowed: Sequence[str]) -> Credential:
        """See `Ceremonies.request_options`."""
        options = webauthn.generate_authentication_options(
            rp_id=self._domain,
            challenge=challenge,
            allow_credentials=_descriptors(allowed),
            user_verification=_VERIFIED,
        )
        return options_to_json_dict(options)

    def challenge_of(self, credential: Credential) -> bytes:
        """See `Ceremonies.challenge_of`."""
        try:
            client_data = strict_json.loads(_decode(credential["response"]["clientDataJSON"]))
            return _decode(client_data["challenge"])
        except (KeyError, TypeError, AttributeError):
            raise ValueError("the credential has no client data") from None

    def owner_of(self, credential: Credential) -> UserId | None:
        """See `Ceremonies.owner_of`."""
        try:
            return UserId(_decode(credential["response"]["userHandle"]).decode("ascii"))
        except (KeyError, TypeError, ValueError):
            return None

    def verify_creation(self, credential: Credential, *, challenge: bytes) -> tuple[str, str, int]:
        """See `Ceremonies.verify_creation`."""
        try:
            verified = webauthn.verify_registration_response(
                credential=dict(credential),
                expected_challenge=challenge,
                expected_rp_id=self._domain,
                expected_origin=self._origins,
                require_user_verification=True,
            )
        except _UNREADABLE as error:
            raise ValueError("the credential does not verify") from error
        key = bytes_to_base64url(verified.credential_public_key)
        return bytes_to_base64url(verified.credential_id), key, verified.sign_count

    def verify_request(self, credential: Credential, *, challenge: bytes, public_key: str, sign_count: int) -> int:
        """See `Ceremonies.verify_request`."""
        try:
            verified = webauthn.verify_authentication_response(
                credential=dict(credential),
                expected_challenge=challenge,
                expected_rp_id=self._domain,
                expected_origin=self._origins,
                credential_public_key=base64url_to_bytes(public_key),
                credential_current_sign_count=sign_count,
                require_user_verification=True,
            )
        except _UNREADABLE as error:
            raise ValueError("the credential does not verify") from error
        return verified.new_sign_count


def _descriptors(passkey_ids: Sequence[str]) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=base64url_to_bytes(passkey_id)) for passkey_id in passkey_ids]


def _decode(text: Any) -> bytes:
    if not isinstance(text, str):
        raise TypeError("expected base64url text")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        raise ValueError("expected base64url text") from None
