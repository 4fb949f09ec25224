"""Accounts elsewhere: logging in with one, linking and unlinking it, and what is said when it does not work."""

import pytest
from openid_provider import ISSUER, know, provider
from platform_client import Person
from playwright.sync_api import expect
from sensitive import remember
from stack_control import STATE
from visiting import Visit

pytestmark = pytest.mark.skipif(not ISSUER, reason="CNOP_OIDC_ISSUER names no provider that the stack knows")


@pytest.fixture(scope="module", autouse=True)
def running_provider():
    with provider():
        yield


@pytest.fixture
def visit(visit):
    visit.trusts(ISSUER)
    return visit


def log_in_there(visit: Visit, subject: str) -> None:
    """Do what the provider asks for."""
    visit.page.get_by_placeholder("sub").fill(subject)
    visit.page.get_by_role("button", name="Authorize", exact=True).click()


def continue_with_provider(visit: Visit, subject: str, *, at: str = "/dashboard") -> None:
    visit.page.goto(f"/login?next={at}")
    visit.page.get_by_role("link", name="Continue with Mock").click()
    log_in_there(visit, subject)


@pytest.mark.skipif(not STATE, reason="an old sign-in can only be made up with a local stack's keys")
def test_a_newcomer_logs_in_elsewhere_and_proves_there_who_they_are(visit, http):
    newcomer = Person.unregistered(http)
    know(newcomer.username, email=newcomer.email, email_verified=True)
    continue_with_provider(visit, newcomer.username, at="/security")
    expect(visit.account_menu).to_be_visible()
    sign_in, linked = visit.region("Sign-in"), visit.region("Linked accounts")
    expect(sign_in.get_by_role("button", name="Set a password")).to_be_visible()

    replaced = visit.with_token("DELETE", "/auth/identities/mock", auth_time=1_700_000_000)
    visit.expects(403, "/auth/identities/mock")
    visit.expects(409, "/auth/identities/mock")
    linked.get_by_role("button", name="Unlink Mock").click()
    visit.dialog("Unlink account").get_by_role("button", name="Unlink", exact=True).click()
    visit.dialog("Confirm that it is you").get_by_role("button", name="Confirm with Mock").click()
    log_in_there(visit, newcomer.username)
    visit.told("It is confirmed that it is you, for five minutes.")
    expect(visit.page.get_by_role("heading", name="Security", exact=True)).to_be_visible()
    assert len(replaced) == 1

    linked.get_by_role("button", name="Unlink Mock").click()
    question = visit.dialog("Unlink account")
    question.get_by_role("button", name="Unlink", exact=True).click()
    expect(question.get_by_text("Set a password or add a passkey first.")).to_be_visible()


def test_an_account_elsewhere_is_linked_logs_in_and_is_unlinked(visit, person):
    elsewhere = f"{person.username}-elsewhere"
    know(elsewhere, email=f"{elsewhere}@example.com", email_verified=True)
    remember("email address", f"{elsewhere}@example.com")
    visit.log_in(person, at="/security")
    visit.button("Link Mock").click()
    log_in_there(visit, elsewhere)
    visit.told("The account is linked.")
    linked = visit.region("Linked accounts")
    expect(linked.get_by_text("You can log in with Mock.")).to_be_visible()
    visit.account_menu.click()
    visit.page.get_by_role("menuitem", name="Log out", exact=True).click()
    visit.told("You are logged out.")

    continue_with_provider(visit, elsewhere, at="/security")
    linked.get_by_role("button", name="Unlink Mock").click()
    visit.dialog("Unlink account").get_by_role("button", name="Unlink", exact=True).click()
    visit.told("Mock is unlinked.")
    expect(linked.get_by_role("button", name="Link Mock")).to_be_visible()


def test_what_did_not_work_is_said_in_words(visit, person):
    # Coming back, the page asks whether there is a session now; there is none.
    visit.expects(401, "/auth/refresh")
    know(person.username, email=person.email, email_verified=True)
    continue_with_provider(visit, person.username)
    visit.told("There is an account with this email address already.")
    visit.page.goto("/login")
    visit.page.get_by_role("link", name="Continue with Mock").click()
    visit.page.get_by_role("button", name="Deny", exact=True).click()
    visit.told("Logging in there did not work out.")
    know(f"{person.username}-unverified", email="somebody@example.com", email_verified=False)
    continue_with_provider(visit, f"{person.username}-unverified")
    visit.told("Logging in there did not work out.")
    expect(visit.page.get_by_role("form", name="Log in")).to_be_visible()
