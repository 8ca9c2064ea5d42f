"""`python -m paperclerk` is the command line."""

from paperclerk.cli.main import main

main()
