"""How a decision becomes durable: encoding, the chain of entries, the runner, the reads and the audit of it all."""
