"""How any service runs: app factory, settings, access, audit, store, cache, telemetry."""
