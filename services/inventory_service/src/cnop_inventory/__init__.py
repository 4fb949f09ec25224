"""Assets, prices and public reads."""
