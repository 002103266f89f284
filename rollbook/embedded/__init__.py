"""The PostgreSQL that Rollbook brings along, for an installation without DATABASE_URL.

Importing this package prepares the environment of `server`: the wheel asks at its import where
runtime files lie, and warns on a machine that does not say (as root or in a container).
"""

import os

from rollbook.config import config

if "XDG_RUNTIME_DIR" not in os.environ:
    os.environ["XDG_RUNTIME_DIR"] = str(config.data_dir.resolve() / "runtime")
