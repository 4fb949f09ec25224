"""Identity, sessions, roles and the cash balance."""
