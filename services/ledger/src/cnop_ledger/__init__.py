"""The only code that moves money or assets."""
