"""What a wallet is, and the pure rules by which money and assets move."""
