"""Numbers and dates as documents print them, in any locale, with exact places. Pure: text in, values out.

Read by `grounding` (a model's value against the page) and by `engines.embedded`.
"""
