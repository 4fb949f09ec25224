"""Sessions as a person lives through them: several tabs, other devices, and an end that somebody else decided."""

import re

import pytest
from playwright.sync_api import expect
from stack_control import STATE


def test_a_log_out_in_one_tab_ends_the_session_in_all(visit, person):
    visit.log_in(person)
    other = visit.tab()
    other.goto("/orders")
    expect(other.get_by_role("heading", name="Orders", exact=True)).to_be_visible()
    visit.account_menu.click()
    visit.page.get_by_role("menuitem", name="Log out", exact=True).click()
    visit.told("You are logged out.")
    expect(other.get_by_text("You are logged out.")).to_be_visible()
    other.goto("/orders")
    expect(other.get_by_role("form", name="Log in")).to_be_visible()


def test_a_reload_keeps_the_session_without_anything_kept_for_scripts_to_steal(visit, person):
    visit.log_in(person, at="/orders")
    visit.page.reload()
    expect(visit.page.get_by_role("heading", name="Open orders")).to_be_visible()
    stored = visit.page.evaluate("() => JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])")
    assert "eyJ" not in stored
    assert person.username not in stored
    (cookie,) = visit.context.cookies()
    assert (cookie["name"], cookie["httpOnly"], cookie["secure"]) == ("__Host-cnop_refresh", True, True)
    assert cookie["sameSite"] == "Strict"


def test_a_session_ended_elsewhere_is_said_kindly_and_leads_back_to_where_one_was(visit, person):
    visit.log_in(person, at="/transactions")
    # The page learns of it by its stream: nobody has to press anything.
    visit.expects(401, "/api/v1/")
    answer = person.post("/auth/sessions/revoke-others", {})
    assert answer.status_code == 200, answer.text
    visit.told("Your session has ended. Log in to go on where you were.")
    visit.fill_login(person)
    expect(visit.page.get_by_role("heading", name="Transactions")).to_be_visible()


def test_another_device_is_seen_and_logged_out(visit, person):
    visit.log_in(person, at="/security")
    devices = visit.region("Devices")
    expect(devices.get_by_text("This device")).to_have_count(1)
    devices.get_by_role("button", name=re.compile("^Log out python-httpx")).first.click()
    visit.told("python-httpx is logged out.")
    assert person.call("GET", "/auth/profile").status_code == 401
    expect(visit.account_menu).to_be_visible()


@pytest.mark.skipif(not STATE, reason="an old sign-in can only be made up with a local stack's keys")
def test_an_account_is_deleted_after_the_person_proves_who_they_are(visit, person):
    visit.log_in(person, at="/security")
    replaced = visit.with_token("DELETE", "/auth/account", auth_time=1_700_000_000)
    visit.expects(403, "/auth/account")
    visit.button("Delete account").click()
    dialog = visit.dialog("Delete account")
    dialog.get_by_label(re.compile("to confirm$")).fill("somebody_else")
    dialog.get_by_role("button", name="Delete my account").click()
    expect(dialog.get_by_text(f"Type {person.username} to confirm.")).to_be_visible()
    dialog.get_by_label(re.compile("to confirm$")).fill(person.username)
    dialog.get_by_role("button", name="Delete my account").click()
    visit.prove_by_password(person)
    expect(visit.page.get_by_role("form", name="Log in")).to_be_visible()
    assert len(replaced) == 1
    answer = person.http.post("/auth/login", json={"username": person.username, "password": person.password})
    assert answer.status_code == 401
