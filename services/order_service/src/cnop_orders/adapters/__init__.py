"""What the use cases need from outside: the lease in Valkey."""
