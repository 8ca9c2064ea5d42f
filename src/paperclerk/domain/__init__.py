"""Plain types that every layer speaks: geometry, documents, results, errors. Imports nothing of ours."""
