"""How long schools wait for others: hanging and slow SISs, many uploads; see `__main__`.

The installation is that of the seeded crashes: importing it sets Django up for the modules here.
"""

from tests.crash.seeds import FOLDER

__all__ = ["FOLDER"]
