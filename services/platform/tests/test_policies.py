"""The policies as policies: asked directly, without any service around them."""

import pytest

from cnop_platform.permissions import Permission, Role
from cnop_platform.policies import Question, load_policies, policies_folder

MEMBERS = sorted(set(Role) - {Role.PUBLIC})


@pytest.fixture
def policies():
    return load_policies(policies_folder())


def decide(policies, permission, *roles, **facts):
    return policies.decide(Question(roles=frozenset(roles), permission=permission, **facts))


@pytest.mark.parametrize("role", Role)
def test_who_sees_which_field(policies, role):
    """Support reads people, and does not see their phone numbers."""
    assert decide(policies, Permission.READ_USERS, role).allowed == (role in {Role.SUPPORT, Role.ADMIN})
    assert decide(policies, Permission.READ_PHONES, role).allowed == (role is Role.ADMIN)


def test_a_field_that_is_shown_is_shown_by_a_policy_of_its_own(policies):
    assert decide(policies, Permission.READ_PHONES, Role.ADMIN).policies == ("admins-see-phone-numbers",)
    assert decide(policies, Permission.READ_PHONES, Role.SUPPORT).policies == ()


def test_several_roles_add_up_and_no_role_is_nothing(policies):
    assert decide(policies, Permission.READ_PHONES, Role.SUPPORT, Role.ADMIN).allowed
    assert not any(decide(policies, permission).allowed for permission in Permission)


@pytest.mark.parametrize("permission", Permission)
@pytest.mark.parametrize("role", MEMBERS)
def test_no_role_does_a_sensitive_act_without_a_fresh_login(policies, role, permission):
    granted = decide(policies, permission, role).allowed
    stale = decide(policies, permission, role, step_up=True)
    fresh = decide(policies, permission, role, step_up=True, fresh_login=True)
    assert (stale.allowed, fresh.allowed, stale.needs_step_up) == (False, granted, granted)


ENROLMENT = {
    Permission.READ_PROFILE,
    Permission.LOGOUT,
    Permission.MANAGE_SESSIONS,
    Permission.MANAGE_CREDENTIALS,
    Permission.READ_EVENTS,
}


@pytest.mark.parametrize("permission", Permission)
@pytest.mark.parametrize("role", MEMBERS)
def test_a_role_that_wants_a_second_factor_is_good_for_enrolling_one_without_it(policies, role, permission):
    granted = decide(policies, permission, role).allowed
    due = decide(policies, permission, role, factor_due=True)
    assert due.allowed == (granted and permission in ENROLMENT)
    assert due.needs_factor == (granted and permission not in ENROLMENT)
    stale = decide(policies, permission, role, factor_due=True, step_up=True)
    assert (stale.allowed, stale.needs_factor) == (False, due.needs_factor)
    assert stale.needs_step_up == due.allowed


@pytest.mark.parametrize("permission", Permission)
def test_a_decision_is_the_same_when_it_is_remembered(policies, permission):
    question = Question(roles=frozenset({Role.SUPPORT}), permission=permission)
    assert policies.decide(question) == policies._evaluate(question)
