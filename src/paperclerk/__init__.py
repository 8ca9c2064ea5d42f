"""Paperclerk executes document agents: a document and an agent in, conforming JSON with boxes out."""
