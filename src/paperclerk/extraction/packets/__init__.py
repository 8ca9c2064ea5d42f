"""Bundles: which pages are one document, of which kind, and who reads it. Called by `extraction.pipeline`."""
