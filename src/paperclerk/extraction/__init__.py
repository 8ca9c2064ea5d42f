"""The pipeline: document + schema + engine -> result. Knows no server, database or settings."""
