"""What the use cases need from outside: hashing, encryption, signing keys, counters."""
