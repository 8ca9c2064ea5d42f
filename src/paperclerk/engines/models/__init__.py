"""Access to any vision-language model: OpenAI-compatible, Anthropic, Google. Called by `extraction.windowed`."""
