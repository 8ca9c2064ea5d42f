"""How long data may be kept. Read by the settings, the command `tenants` and the sweep that deletes."""

LONGEST_DAYS = 36_500.0  # a longer time ends before calendars begin; for ever is told by no time at all
