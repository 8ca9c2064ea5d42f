"""Office files, e-mail, web pages and text as pages: parsed, typeset, drawn. Called by the reading child only."""
