"""Paperclerk as a server of the Model Context Protocol: its tools, and the two ways of doing what they ask.

Called by `cli.mcp`. Importing this package loads nothing heavy.
"""
