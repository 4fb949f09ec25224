"""Route table compiled into Envoy configuration."""
