"""Issues the certificates of a stack: `python -m cnop_cli.stack.issue FOLDER [--anew]`."""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import trustme
from cryptography.x509 import load_pem_x509_certificate

from cnop_cli.stack.certificates import DOOR_NAMES, HOLDERS, Certificates
from cnop_cli.stack.state import write_private

LIFETIME: Final = timedelta(days=90)
_RENEW_BEFORE: Final = timedelta(days=30)
_CLOCKS_DIFFER: Final = timedelta(minutes=5)


def main(arguments: Sequence[str]) -> None:
    """Issue what is missing or about to expire; with `--anew` everything but the authorities."""
    folder, *options = arguments
    certificates, anew = Certificates(Path(folder)), "--anew" in options
    for each in (certificates.folder, certificates.inside):
        each.mkdir(mode=0o700, parents=True, exist_ok=True)
    doors = authority(certificates.folder, "doors")
    renew(doors, certificates.door, DOOR_NAMES, anew=anew)
    inside = authority(certificates.inside, "inside")
    for name in HOLDERS:
        renew(inside, certificates.inside / f"{name}.pem", (name,), anew=anew)


def authority(folder: Path, purpose: str) -> trustme.CA:
    """Give the authority whose certificate and key lie in a folder, made on first use."""
    certificate, key = folder / "ca.pem", folder / "ca-key.pem"
    if certificate.exists():
        return trustme.CA.from_pem(certificate.read_bytes(), key.read_bytes())
    made = trustme.CA(organization_name="Cloud-Native Order Processor", organization_unit_name=f"local {purpose}")
    write_private(key, made.private_key_pem.bytes())
    write_private(certificate, made.cert_pem.bytes())
    return made


def renew(signer: trustme.CA, file: Path, names: Sequence[str], *, anew: bool) -> None:
    """Put a new certificate in place, unless the one that is there is good for another month."""
    now = datetime.now(UTC)
    if not anew and file.exists():
        known = load_pem_x509_certificate(file.read_bytes())
        if known.not_valid_after_utc - now > _RENEW_BEFORE:
            return
    leaf = signer.issue_cert(
        *names,
        organization_name="Cloud-Native Order Processor",
        organization_unit_name=names[0],
        not_before=now - _CLOCKS_DIFFER,
        not_after=now + LIFETIME,
    )
    write_private(file, leaf.private_key_and_cert_chain_pem.bytes())


if __name__ == "__main__":
    main(sys.argv[1:])
