"""Numbers, dates and identifiers as documents print them, in any locale, with exact places. Pure.

Read by `grounding` (a model's value against the page), by `engines.embedded` and by `extraction`.
"""
