"""The command ``afterbell``, also as ``python -m afterbell``."""

import gc

gc.disable()  # what is loaded here stays: looking through it for garbage while it loads takes a tenth of the start

from afterbell.command import main  # noqa: E402

gc.freeze()
gc.enable()

if __name__ == "__main__":
    main()
