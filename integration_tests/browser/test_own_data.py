"""The security centre beyond the ways to log in: what happened, what is held about one, who else is logged in."""

import json

from playwright.sync_api import expect
from sensitive import remember


def test_one_reads_what_happened_to_the_account_and_takes_along_what_is_held(visit, person):
    visit.log_in(person, at="/security")
    activity = visit.page.get_by_role("table", name="Recent activity")
    expect(activity.get_by_text("Account created")).to_be_visible()
    # Once by the tests' client, and now.
    expect(activity.get_by_text("Logged in")).to_have_count(2)
    expect(activity.get_by_role("row").nth(1)).to_contain_text("by password")

    with visit.page.expect_download() as download:
        visit.button("Download").click()
    assert download.value.suggested_filename == f"cnop-{person.username}.json"
    taken = json.loads(download.value.path().read_text(encoding="utf-8"))
    assert taken.keys() == person.get("/auth/account/export").keys()
    held = json.dumps(taken)
    assert all(each in held for each in (person.username, person.email, person.user_id))
    assert person.password not in held
    expect(activity.get_by_text("Data downloaded").first).to_be_visible()


def test_all_other_devices_are_logged_out_and_a_new_password_keeps_them_out(visit, person):
    visit.log_in(person, at="/security")
    devices = visit.region("Devices")
    visit.button("Log out all others").click()
    visit.dialog("Log out all other devices").get_by_role("button", name="Log them out").click()
    visit.told("All other devices are logged out.")
    expect(devices.get_by_role("button")).to_have_count(0)
    expect(devices.get_by_text("This device")).to_be_visible()
    assert person.call("GET", "/auth/profile").status_code == 401

    person.log_in()
    visit.button("Change password").click()
    form = visit.page.get_by_role("form", name="Change password")
    visit.expects(422, "/auth/password")
    form.get_by_label("Current password").fill("not-my-password-at-all")
    form.get_by_label("New password").fill(f"{person.password}-anew")
    form.get_by_role("button", name="Change password").click()
    expect(form.get_by_text("This is not the current password.")).to_be_visible()
    expect(form.get_by_label("Current password")).to_be_focused()
    form.get_by_label("Current password").fill(person.password)
    form.get_by_role("button", name="Change password").click()
    visit.told("Your password is changed. Your other sessions were ended.")
    assert person.call("GET", "/auth/profile").status_code == 401
    person.password = f"{person.password}-anew"
    remember("password", person.password)
    person.log_in()
    expect(visit.account_menu).to_be_visible()
