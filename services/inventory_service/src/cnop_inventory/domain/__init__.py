"""Pure rules: what may be listed, how a simulated price moves, which price is sane, how candles form."""
