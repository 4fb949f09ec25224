"""What an order is, how it may change, and what it is worth: pure rules."""
