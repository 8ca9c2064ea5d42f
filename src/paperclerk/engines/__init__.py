"""What reads pages against a compiled schema: `embedded` needs nothing, `models` talk to an endpoint."""
