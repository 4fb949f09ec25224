"""The user service: identity, sessions, roles and the cash balance."""
