"""Serves the page, the merged API description and the platform health."""
