"""What operators see: logs. Set up once by the commands."""
