"""Use cases of the catalogue and of the price feed, and the ports that they need."""
