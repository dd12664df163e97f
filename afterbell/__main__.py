"""``python -m afterbell`` is the same as ``afterbell``."""

from afterbell.command import main

main()
