"""Where identity's items live in the table."""

from typing import Final

from cnop_core.ids import SessionId, UserId
from cnop_platform.store import Key

USERS_PREFIX: Final = "USER#"
SESSIONS: Final = "SESSION#"
PASSKEYS: Final = "PASSKEY#"
IDENTITIES: Final = "IDENTITY#"
PLACES: Final = "PLACE#"
ERASED: Final = "ERASED"
"""The partition that lists who was erased."""
ALL_USERS: Final = "USERS"
"""The index partition that lists every account, in order of registration."""


def partition(user_id: UserId) -> str:
    """Return the pk of everything that belongs to an account."""
    return USERS_PREFIX + user_id


def owner_of(key: Key) -> UserId:
    """Return whose account an item belongs to."""
    return UserId(key.pk.removeprefix(USERS_PREFIX))


def user_key(user_id: UserId) -> Key:
    """Return where the account is."""
    return Key(partition(user_id), "USER")


def data_key_key(user_id: UserId) -> Key:
    """Return where the person's wrapped data key is."""
    return Key(partition(user_id), "DATA-KEY")


def session_key(user_id: UserId, session_id: SessionId) -> Key:
    """Return where a session is."""
    return Key(partition(user_id), SESSIONS + session_id)


def place_key(user_id: UserId, place: str) -> Key:
    """Return where it is noted that the person signed in from a place before."""
    return Key(partition(user_id), PLACES + place)


def passkey_key(user_id: UserId, passkey_id: str) -> Key:
    """Return where a passkey is."""
    return Key(partition(user_id), PASSKEYS + passkey_id)


def identity_key(user_id: UserId, provider: str) -> Key:
    """Return where a person's identity at a provider is noted."""
    return Key(partition(user_id), IDENTITIES + provider)


def erased_key(user_id: UserId) -> Key:
    """Return where it is noted that the person was erased."""
    return Key(ERASED, user_id)


def email_key(email_index: str) -> Key:
    """Return the item whose existence claims an address."""
    return Key(f"EMAIL#{email_index}", "EMAIL")


def totp_key(user_id: UserId) -> Key:
    """Return where the secret of the person's authenticator app is."""
    return Key(partition(user_id), "TOTP")


def pending_totp_key(user_id: UserId) -> Key:
    """Return where a secret waits to be confirmed."""
    return Key(partition(user_id), "TOTP-PENDING")


def recovery_codes_key(user_id: UserId) -> Key:
    """Return where the person's recovery codes are."""
    return Key(partition(user_id), "RECOVERY-CODES")
