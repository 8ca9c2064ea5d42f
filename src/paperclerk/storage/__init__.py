"""What is kept: rows in SQLite or PostgreSQL, bytes by their SHA-256. Called by `api`, `jobs`, `webhooks`, `cli`."""
