"""Access decisions by Cedar: deny by default, roles grant, conditions forbid, and the deciding policy is always named.

A decision depends on few facts, so each combination is evaluated once and remembered.
"""

import json
import os
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Final

import cedarpy

from cnop_platform.permissions import Permission, Role, RoleMatrix

_MEMBERS: Final = frozenset(Role) - {Role.PUBLIC}
_CALLER: Final = 'User::"caller"'
_RESOURCE: Final = 'Platform::"cnop"'
_STEP_UP_POLICY: Final = "sensitive-acts-need-a-fresh-login"
_FACTOR_POLICY: Final = "some-roles-need-a-second-factor"
_MAX_REMEMBERED: Final = 10_000


class InvalidPolicies(Exception):
    """The policies do not fit their schema; nothing may start on them."""


@dataclass(frozen=True, slots=True)
class Question:
    """All that a decision depends on.

    `fresh_login`: the caller proved who they are a short while ago, by a second factor if one is enrolled.
    `factor_due`: a role wants a second factor, and the caller has shown none.
    """

    roles: frozenset[Role]
    permission: Permission
    step_up: bool = False
    fresh_login: bool = False
    factor_due: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer, and the ids of the policies that determined it; a denial without one is the default.

    `needs_step_up`: a fresh login would have changed the answer; `needs_factor`: a second factor would have, at least
    together with that.
    """

    allowed: bool
    policies: tuple[str, ...]
    needs_step_up: bool = False
    needs_factor: bool = False


class PolicyEngine:
    """Decides. Policies are parsed once; anything that cannot be evaluated is denied."""

    def __init__(self, policies: str) -> None:
        self._policies = cedarpy.PolicySet.from_str(policies)
        self._entities = cedarpy.Entities.from_json_str(json.dumps(_role_entities()))
        self._remembered: dict[Question, Decision] = {}

    def decide(self, question: Question) -> Decision:
        """Return the decision for a caller with these roles."""
        known = self._remembered.get(question)
        if known is None:
            known = self._evaluate(question)
            if len(self._remembered) < _MAX_REMEMBERED:
                self._remembered[question] = known
        return known

    def evaluate_role(self, role: Role, permission: Permission) -> bool:
        """Tell whether the role alone grants the permission, whatever the conditions."""
        return self._ask(f'Role::"{role.value}"', permission, {}, self._entities).allowed

    def _evaluate(self, question: Question) -> Decision:
        caller = {
            "uid": {"type": "User", "id": "caller"},
            "attrs": {},
            "parents": [{"type": "Role", "id": role.value} for role in sorted(question.roles)],
        }
        entities = self._entities.with_added_json_str(json.dumps([caller]))
        context = {
            "step_up": question.step_up,
            "fresh_login": question.fresh_login,
            "factor_due": question.factor_due,
        }
        decision = self._ask(_CALLER, question.permission, context, entities)
        if _FACTOR_POLICY in decision.policies:
            shown = self.decide(replace(question, factor_due=False))
            return replace(decision, needs_factor=True) if shown.allowed or shown.needs_step_up else shown
        if decision.allowed or _STEP_UP_POLICY not in decision.policies:
            return decision
        # Whom no role admits is not sent to prove who they are: it would not help them.
        fresh = self.decide(replace(question, fresh_login=True))
        return replace(decision, needs_step_up=True) if fresh.allowed else fresh

    def _ask(
        self, principal: str, permission: Permission, context: dict[str, bool], entities: cedarpy.Entities
    ) -> Decision:
        request = {
            "principal": principal,
            "action": f'Action::"{permission.value}"',
            "resource": _RESOURCE,
            "context": context,
        }
        result = cedarpy.is_authorized(request, self._policies, entities)
        names = result.diagnostics.id_annotations_by_reason
        reasons = tuple(sorted(names.get(reason, reason) for reason in result.diagnostics.reasons))
        return Decision(bool(result.allowed) and not result.diagnostics.errors, reasons)


def policies_folder(configured: str | None = None) -> Path:
    """Return the folder of the Cedar policies: the configured one, `CNOP_POLICIES`, or the checkout's own."""
    chosen = configured or os.environ.get("CNOP_POLICIES")
    return Path(chosen) if chosen else Path(__file__).resolve().parents[4] / "policies"


@cache
def load_policies(folder: Path) -> PolicyEngine:
    """Read all policies of a folder. Raises `InvalidPolicies` when they do not fit the schema."""
    return PolicyEngine(_validated(folder, sorted(folder.glob("*.cedar"))))


@cache
def load_role_matrix(folder: Path) -> RoleMatrix:
    """Compute which roles hold each permission, from the unconditional grants alone. Raises `InvalidPolicies`."""
    grants = PolicyEngine(_validated(folder, [folder / "roles.cedar"]))
    return {
        permission: frozenset(role for role in Role if grants.evaluate_role(role, permission))
        for permission in Permission
    }


def _validated(folder: Path, files: list[Path]) -> str:
    text = "\n".join(file.read_text(encoding="utf-8") for file in files)
    schema = (folder / "schema.cedarschema").read_text(encoding="utf-8")
    checked = cedarpy.validate_policies(text, schema)
    if not checked.validation_passed:
        raise InvalidPolicies("; ".join(str(each) for each in checked.errors))
    return text


def _role_entities() -> list[dict[str, object]]:
    def entity(name: str, parents: list[str]) -> dict[str, object]:
        links = [{"type": "Role", "id": parent} for parent in parents]
        return {"uid": {"type": "Role", "id": name}, "attrs": {}, "parents": links}

    roles = [entity(role.value, ["member"] if role in _MEMBERS else []) for role in Role]
    return [*roles, entity("member", []), {"uid": {"type": "Platform", "id": "cnop"}, "attrs": {}, "parents": []}]
