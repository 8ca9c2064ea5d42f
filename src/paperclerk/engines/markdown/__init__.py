"""Documents as Markdown: text in reading order, headings, lists, tables. The engine behind `document.markdown`."""
