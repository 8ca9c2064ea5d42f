"""`paperclerk doctor`: what works here, what is missing, how to fix it. Registered by `cli.main`."""

from __future__ import annotations
import typer

def doctor() -> None:
    """x"""
