"""What letters say, whatever they are about."""

import pytest

from cnop_users.domain.mail import Letter, Letterhead, LetterKind, compose


@pytest.mark.parametrize("kind", list(LetterKind))
def test_every_letter_has_a_text(kind):
    values = {
        "token": "t",
        "at": "2026-11-29T14:43:49.173Z",
        "address": "192.0.2.1",
        "factor": "totp",
        "left": "9",
        "provider": "mock",
    }
    for support in (None, "help@shop.test or 0800 123"):
        sender = Letterhead(page="https://shop.test", platform="Shop {of} Ada", support_contact=support)
        message = compose(Letter(kind, "a@example.com", values), sender)
        assert message.subject
        assert "{" not in message.text.replace("Shop {of} Ada", "")
        assert "Shop {of} Ada" in message.text
        assert "T14:43" not in message.text
        assert support is not None or "contact support" not in message.text.lower()


@pytest.mark.parametrize("kind", [LetterKind.EMAIL_CHANGED, LetterKind.FACTOR_ADDED, LetterKind.IDENTITY_LINKED])
def test_a_letter_that_names_support_says_how_to_reach_it_or_what_to_do_without(kind):
    values = {"at": "2026-11-29T14:43:49.173Z", "factor": "passkey", "provider": "mock"}
    letter = Letter(kind, "a@example.com", values)
    page = "https://shop.test"
    told = compose(letter, Letterhead(page=page, platform="Shop", support_contact="help@shop.test")).text
    assert "help@shop.test" in told
    alone = compose(letter, Letterhead(page=page, platform="Shop")).text
    assert "support" not in alone
    assert page in alone
