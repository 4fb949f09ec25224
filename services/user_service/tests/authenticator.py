"""A passkey authenticator in software, as far as WebAuthn level 2 needs one: ES256, no attestation."""

import base64
import hashlib
import json
import os
import struct

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def text(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class Authenticator:
    def __init__(self, *, domain, origin, credential_id=None):
        self.domain = domain
        self.origin = origin
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.credential_id = credential_id or os.urandom(16)
        self.user_handle = ""
        self.count = 0
        self.flags = PRESENT | VERIFIED
        self.public_key = None
        """What it shows as its key instead of its own, to misbehave."""

    def create(self, options):
        self.user_handle = options["user"]["id"]
        numbers = self.key.public_key().public_numbers()
        point = {-2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        public_key = cbor2.dumps({1: 2, 3: -7, -1: 1, **point} if self.public_key is None else self.public_key)
        attested = bytes(16) + struct.pack(">H", len(self.credential_id)) + self.credential_id + public_key
        data = self._data(ATTESTED) + attested
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        client_data = self._client_data("webauthn.create", options["challenge"])
        return self._credential({"clientDataJSON": text(client_data), "attestationObject": text(attestation)})

    def get(self, options, *, handle=None):
        self.count += 1
        data = self._data(0)
        client_data = self._client_data("webauthn.get", options["challenge"])
        signed = data + hashlib.sha256(client_data).digest()
        response = {
            "clientDataJSON": text(client_data),
            "authenticatorData": text(data),
            "signature": text(self.key.sign(signed, ec.ECDSA(hashes.SHA256()))),
            "userHandle": handle or self.user_handle,
        }
        return self._credential(response)

    def _data(self, flags):
        return (
            hashlib.sha256(self.domain.encode()).digest() + bytes([self.flags | flags]) + struct.pack(">I", self.count)
        )

    def _client_data(self, kind, challenge):
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}).encode()

    def _credential(self, response):
        passkey_id = text(self.credential_id)
        return {
            "id": passkey_id,
            "rawId": passkey_id,
            "type": "public-key",
            "response": response,
            "clientExtensionResults": {},
        }
