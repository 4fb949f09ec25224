"""Money, quantities, typed identifiers, the clock port and the error taxonomy."""
