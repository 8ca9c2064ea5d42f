"""Where a value stands on the page. Pure: words in, spans and boxes out."""
