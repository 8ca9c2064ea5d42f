"""JSON Schema in: checked, compiled to fields that engines read, and the judge of every reply."""
