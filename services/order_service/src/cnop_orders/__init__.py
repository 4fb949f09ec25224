"""Orders, portfolio and asset balances."""
