"""Measuring: labelled cases in, predictions and a table of figures out. Called by `paperclerk eval`."""
