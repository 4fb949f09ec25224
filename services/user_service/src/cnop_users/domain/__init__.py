"""What an account, a session and a password are, and the rules they obey."""
