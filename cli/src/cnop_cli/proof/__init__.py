"""The proof by experiment: random load on a real stack whose processes are killed, its history recorded and checked."""
