"""What tests of any package may use; never imported by a running service."""
