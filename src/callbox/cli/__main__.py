"""`python -m callbox.cli` is `callbox`."""

from callbox.cli import main

main()
