"""The shapes of /v1, requests and replies, as pydantic models. Used by `api` and `webhooks`."""
