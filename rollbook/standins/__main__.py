"""Start a stand-in from the command line.

It prints one line of JSON, with its address and credentials, when it is ready.
"""

import argparse
import signal
import sys
import threading

import msgspec

from rollbook.standins.powerschool import cli as powerschool
from rollbook.standins.veracross import cli as veracross

VENDORS = (powerschool, veracross)


def main() -> int:
    """Run until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m rollbook.standins", description=__doc__)
    commands = parser.add_subparsers(dest="vendor", required=True)
    for vendor in VENDORS:
        vendor.add_arguments(commands)
    arguments = parser.parse_args()
    ended = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: ended.set())
    try:
        standin = arguments.start(arguments)
    except (ValueError, KeyError, OSError) as problem:
        parser.error(str(problem))
    with standin:
        about = {
            "vendor": arguments.vendor,
            "url": standin.url,
            "client_id": standin.client_id,
            "client_secret": standin.client_secret,
            "students": len(standin.vendor.roster),
            "week": standin.week,
            **standin.vendor.about,
        }
        sys.stdout.write(msgspec.json.encode(about).decode() + "\n")
        sys.stdout.flush()
        ended.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
