"""Implementations of the ports: price providers, Valkey, the store."""
