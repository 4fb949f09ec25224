"""Ways to prove who one is: passkeys, authenticator apps, recovery codes, letters."""

import re

import pytest
from authenticator_app import one_time_code
from letters import RESET, VERIFY, new_token
from platform_client import Person
from playwright.sync_api import expect
from sensitive import remember
from stack_control import STATE

needs_state = pytest.mark.skipif(not STATE, reason="CNOP_STATE does not name the state folder of a local stack")
_AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


def log_out(visit) -> None:
    visit.account_menu.click()
    visit.page.get_by_role("menuitem", name="Log out", exact=True).click()
    visit.told("You are logged out.")


def letter(person, link) -> str:
    token = new_token(person.email, link)
    remember("letter's token", token)
    return token


@needs_state
def test_a_passkey_is_made_logs_in_and_confirms_a_sensitive_change(visit, person):
    device = visit.context.new_cdp_session(visit.page)
    device.send("WebAuthn.enable")
    device.send("WebAuthn.addVirtualAuthenticator", {"options": _AUTHENTICATOR})
    visit.log_in(person, at="/security")
    visit.button("Add a passkey").click()
    dialog = visit.dialog("Add a passkey")
    dialog.get_by_label("Name").fill("Test key")
    dialog.get_by_role("button", name="Continue").click()
    visit.told("The passkey is added.")
    codes = visit.dialog("Recovery codes")
    expect(codes.get_by_role("listitem")).to_have_count(10)
    remember("recovery code", *codes.get_by_role("listitem").all_inner_texts())
    codes.get_by_role("button", name="I have kept them").click()
    log_out(visit)

    visit.page.goto("/login?next=/security")
    visit.button("Log in with a passkey").click()
    passkeys = visit.region("Passkeys")
    expect(passkeys.get_by_text("Test key")).to_be_visible()

    replaced = visit.with_token("POST", "/auth/mfa/recovery-codes", auth_time=1_700_000_000)
    visit.expects(403, "/auth/mfa/recovery-codes")
    visit.button("Make new ones").click()
    visit.dialog("Confirm that it is you").get_by_role("button", name="Use a passkey").click()
    expect(codes.get_by_role("listitem")).to_have_count(10)
    remember("recovery code", *codes.get_by_role("listitem").all_inner_texts())
    assert len(replaced) == 1


def test_an_authenticator_app_is_set_up_and_asked_for_and_recovery_codes_stand_in_for_it(visit, person):
    visit.log_in(person, at="/security")
    visit.button("Set up").click()
    form = visit.page.get_by_role("form", name="Set up the authenticator app")
    expect(form.get_by_role("img", name="QR code for the authenticator app")).to_be_visible()
    secret = form.locator("code").inner_text().replace(" ", "")
    remember("authenticator's secret", secret)
    visit.expects(422, "/auth/mfa/totp/confirm")
    form.get_by_label("Code from the app").fill("000000")
    form.get_by_role("button", name="Turn on").click()
    expect(form.get_by_role("alert")).to_be_visible()
    form.get_by_label("Code from the app").fill(one_time_code(secret))
    form.get_by_role("button", name="Turn on").click()
    codes = visit.dialog("Recovery codes")
    expect(codes.get_by_role("listitem")).to_have_count(10)
    recovery_codes = codes.get_by_role("listitem").all_inner_texts()
    remember("recovery code", *recovery_codes)
    codes.get_by_role("button", name="I have kept them").click()
    log_out(visit)

    visit.expects(401, "/auth/login")
    visit.fill_login(person)
    visit.told("Enter the code from your authenticator app.")
    visit.page.get_by_label("Authentication code").fill(one_time_code(secret, steps=1))
    visit.button("Log in").click()
    expect(visit.account_menu).to_be_visible()
    log_out(visit)

    visit.fill_login(person)
    visit.button("Use a recovery code instead").click()
    visit.page.get_by_label("Recovery code").fill(recovery_codes[0])
    visit.button("Log in").click()
    expect(visit.account_menu).to_be_visible()


@needs_state
def test_letters_confirm_the_address_and_bring_back_who_forgot_the_password(visit, http):
    person = Person.register(http)
    page = visit.page
    page.goto(VERIFY + letter(person, VERIFY))
    visit.told("Your email address is confirmed.")
    assert "token" not in page.url
    assert person.get("/auth/profile")["email_verified"] is True

    page.goto("/login")
    page.get_by_role("link", name="Forgot it?").click()
    page.get_by_label("Email or username").fill(person.email)
    visit.button("Send me a link").click()
    visit.told("a letter with a link is on its way")
    page.goto(RESET + letter(person, RESET))
    form = page.get_by_role("form", name="Reset password")
    visit.expects(422, "/auth/password/reset")
    form.get_by_label("New password").fill("aaaaaaaaaaaaaaaa")
    form.get_by_role("button", name="Set new password").click()
    expect(form.get_by_label("New password")).to_have_attribute("aria-invalid", "true")
    person.password = f"{person.password}-anew"
    remember("password", person.password)
    form.get_by_label("New password").fill(person.password)
    form.get_by_role("button", name="Set new password").click()
    visit.told("Your password is changed. Log in with the new one.")
    visit.fill_login(person)
    expect(visit.account_menu).to_be_visible()
    assert person.call("GET", "/auth/profile").status_code == 401


@needs_state
def test_a_mistyped_address_is_put_right_confirmed_and_then_brings_letters(visit, person):
    visit.log_in(person, at="/security")
    visit.button("Change email address").click()
    dialog = visit.dialog("Change email address")
    dialog.get_by_label("New email address").fill(person.email)
    dialog.get_by_role("button", name="Change email address").click()
    expect(dialog.get_by_text("This is your address already.")).to_be_visible()
    mistyped, person.email = person.email, f"right-{person.email}"
    dialog.get_by_label("New email address").fill(person.email)
    dialog.get_by_role("button", name="Change email address").click()
    visit.told(f"Your address is {person.email} now.")
    signing_in = visit.region("Sign-in")
    expect(signing_in.get_by_text("Not confirmed")).to_be_visible()
    assert person.get("/auth/profile")["email"] == person.email

    visit.page.goto(VERIFY + letter(person, VERIFY))
    visit.told("Your email address is confirmed.")
    visit.page.goto("/security")
    expect(signing_in.get_by_text("Confirmed", exact=True)).to_be_visible()
    expect(signing_in.get_by_text(mistyped, exact=True)).to_have_count(0)


def test_registration_says_what_is_wrong_with_each_field_while_one_types(visit, person):
    page = visit.page
    page.goto("/register")
    form = page.get_by_role("form", name="Create account")
    form.get_by_role("button", name="Create account").click()
    expect(form.get_by_label("Username")).to_be_focused()
    expect(form.get_by_text("Use 6 to 30 letters, digits or underscores.")).to_be_visible()
    form.get_by_label("Password", exact=True).fill("passwordpassword")
    expect(form.get_by_text(re.compile("guess|common|weak", re.IGNORECASE)).first).to_be_visible()
    visit.expects(409, "/auth/register")
    form.get_by_label("Username").fill(person.username)
    form.get_by_label("Email").fill("somebody@example.com")
    form.get_by_label("Password", exact=True).fill(person.password)
    form.get_by_role("button", name="Create account").click()
    expect(form.get_by_role("alert")).to_contain_text("already registered")
