"""The console: staff find somebody, keep them out, reset their password, change what they may do, read the record."""

import re

import pytest
from letters import RESET, VERIFY
from playwright.sync_api import expect
from sensitive import remember
from stack_control import STATE
from test_credentials import letter, log_out

pytestmark = pytest.mark.skipif(not STATE, reason="CNOP_STATE does not name the state folder of a local stack")


def find(visit, person):
    search = visit.page.get_by_role("searchbox", name="Username").or_(visit.page.get_by_label("Username")).first
    search.fill(person.username)
    visit.button("Search").click()
    visit.page.get_by_role("link", name=person.username).click()
    expect(visit.region(person.username)).to_be_visible()


def test_somebody_is_suspended_at_once_and_let_in_again(visit, admin, person):
    visit.log_in(admin, at="/operator/users")
    find(visit, person)
    visit.button("Suspend").click()
    visit.dialog(f"Suspend {person.username}").get_by_role("button", name="Suspend").click()
    visit.told(f"{person.username} is suspended.")
    assert person.call("GET", "/auth/profile").status_code == 401
    visit.button("Reinstate").click()
    visit.told(f"{person.username} may log in again.")
    person.log_in()


def test_somebody_whose_password_staff_reset_chooses_the_new_one_themselves(visit, admin, person):
    person.post("/auth/email/verify", {"token": letter(person, VERIFY)})
    visit.log_in(admin, at="/operator/users")
    find(visit, person)
    replaced = visit.with_token("POST", "/password-reset", auth_time=1_700_000_000)
    visit.expects(403, "/password-reset")
    visit.button("Reset password").click()
    dialog = visit.dialog(f"Reset the password of {person.username}")
    expect(dialog.get_by_text(person.email)).to_be_visible()
    dialog.get_by_label("Somebody else may be in this account").check()
    dialog.get_by_role("button", name="Send the letter").click()
    visit.prove_by_password(admin)
    visit.told(f"A letter is on its way to {person.username}, who is logged out everywhere.")
    assert len(replaced) == 1
    assert person.call("GET", "/auth/profile").status_code == 401
    log_out(visit)
    visit.expects(401, "/auth/login")
    visit.fill_login(person)
    visit.told("wrong")

    visit.page.goto(RESET + letter(person, RESET))
    person.password = f"{person.password}-anew"
    remember("password", person.password)
    form = visit.page.get_by_role("form", name="Reset password")
    form.get_by_label("New password").fill(person.password)
    form.get_by_role("button", name="Set new password").click()
    visit.told("Your password is changed. Log in with the new one.")
    visit.fill_login(person)
    expect(visit.account_menu).to_be_visible()
    person.log_in()
    events = person.get("/auth/events")["data"]
    begun = next(event for event in events if event["type"] == "password_reset_begun")
    assert begun["details"] == {"locked": True}


def test_a_change_of_roles_wants_a_fresh_proof_and_is_recorded(visit, admin, person):
    visit.log_in(admin, at="/operator/users")
    find(visit, person)
    replaced = visit.with_token("PUT", "/roles", auth_time=1_700_000_000)
    visit.expects(403, "/roles")
    visit.button("Roles").click()
    dialog = visit.dialog(f"Roles of {person.username}")
    dialog.get_by_label("Support").check()
    dialog.get_by_role("button", name="Save roles").click()
    visit.prove_by_password(admin)
    visit.told(f"{person.username} is now: customer, support.")
    assert len(replaced) == 1
    assert person.call("GET", "/auth/profile").status_code == 401

    visit.page.get_by_role("link", name="Their audit records").click()
    visit.page.get_by_role("link", name="Audit", exact=True).click()
    records = visit.page.get_by_role("table", name="Audit records")
    expect(records.get_by_text("Roles changed").first).to_be_visible()
    records.get_by_role("button", name=re.compile("^Show the record")).first.click()
    expect(visit.dialog("Audit record").get_by_text("class_uid")).to_be_visible()


def test_the_console_is_closed_to_customers_and_shows_each_role_its_own(visit, person):
    visit.log_in(person, at="/operator/users")
    expect(visit.page.get_by_text("This page is for staff")).to_be_visible()


def test_health_and_assets_are_at_hand(visit, admin):
    visit.log_in(admin, at="/operator/health")
    services = visit.page.get_by_role("list", name="Services")
    expect(services.get_by_text("Healthy")).to_have_count(3)
    visit.page.get_by_role("link", name="Assets", exact=True).click()
    expect(visit.page.get_by_role("table", name="Assets").get_by_text("Bitcoin", exact=True)).to_be_visible()
