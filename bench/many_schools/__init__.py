"""Many schools due at the same minute; see `__main__`.

The installation is that of the seeded crashes: importing it sets Django up for the modules here.
"""

from tests.crash.seeds import FOLDER

__all__ = ["FOLDER"]
