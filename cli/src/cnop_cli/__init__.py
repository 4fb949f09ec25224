"""The cnop command: run the stack, administer it, verify it."""
