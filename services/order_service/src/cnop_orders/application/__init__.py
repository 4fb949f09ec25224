"""Use cases: what customers and the engine do with orders, and the reads that show it."""
