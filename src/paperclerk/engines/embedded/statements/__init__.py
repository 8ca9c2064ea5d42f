"""Figures of statements and reports: by line, by period, by segment, and how they changed."""
