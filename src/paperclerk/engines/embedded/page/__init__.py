"""What stands on the pages, whoever asks: lines and columns, typed values, labels, names and addresses."""
