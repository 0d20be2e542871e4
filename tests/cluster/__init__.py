"""Promises to people, kept by several real processes while things break."""
