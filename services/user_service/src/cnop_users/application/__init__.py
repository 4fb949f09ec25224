"""The use cases of identity and cash, and the ports that they need."""
