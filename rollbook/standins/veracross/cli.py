"""`python -m rollbook.standins veracross`: start one and print its address."""

import argparse
from typing import Any

from rollbook.standins.faults import read_fault
from rollbook.standins.homes import ALL, EMAIL_HOMES, YEAR_HOMES
from rollbook.standins.people import COUNTRIES
from rollbook.standins.veracross import KINDS, VeracrossStandIn, serve
from rollbook.standins.veracross.service import SCOPES

_FAULTS = "faults (NAME or NAME:page=3,times=1,status=503,path=*/v3/students):\n" + "\n".join(
    f"  {name:18}{kind.what}" for name, kind in KINDS.items()
)


def add_arguments(commands: Any) -> None:
    """Add the sub-command of Veracross."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "veracross",
        help="Veracross, v3 and v2",
        epilog=_FAULTS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--host", default="127.0.0.1")
    add("--port", type=int, default=8102, help="0 picks a free one")
    add("--students", type=int, default=1240, help="10 to 1,000,000")
    add("--seed", type=int, default=7, help="same seed, same students")
    add("--week", type=int, default=1, help="2 and on: joiners, leavers, new names and e-mails")
    add("--email-home", choices=EMAIL_HOMES, default=ALL, help="where the e-mail is kept")
    add("--year-home", choices=YEAR_HOMES, default=ALL, help="where the graduation year is kept")
    add("--year-gaps", type=int, default=0, metavar="PERCENT", help="without a graduation year")
    add("--schools", type=int, choices=(1, 4, 14), default=4, help="schools of the district")
    add("--country", choices=COUNTRIES, default="us", help="whose grades")
    add("--clean", action="store_true", help="without the few flaws that real rosters have")
    add(
        "--hostile",
        action="store_true",
        help="every fourth student has a value that breaks careless code",
    )
    add("--route", default="exs", help="the school route: first part of every path")
    add("--client-id", default="", help="v3; 32 hexadecimal digits made from the seed unless given")
    add("--client-secret", default="", help="v3; made from the seed unless given")
    add("--user-name", default="api.rollbook", help="v2")
    add("--password", default="", help="v2; made from the seed unless given")
    add(
        "--scopes",
        type=str.split,
        default=SCOPES,
        help=f"those that the school switched on ({' '.join(SCOPES)})",
    )
    add("--token-lifetime", type=int, default=3_600, metavar="SECONDS")
    add("--quota", type=int, default=300, help="requests in a window")
    add("--quota-seconds", type=float, default=180, help="length of the window")
    add("--roles-as-list", action="store_true", help="v2: roles as a list instead of role")
    add("--latency-ms", type=int, default=0)
    add(
        "--fault",
        type=read_fault,
        action="extend",
        nargs="+",
        default=[],
        dest="faults",
        help="see below",
    )
    add("--gzip", action="store_true", help="zip answers for clients that accept it")
    parser.set_defaults(start=start)


def start(arguments: argparse.Namespace) -> VeracrossStandIn:
    """Start a stand-in with these arguments. Raises ValueError."""
    if not 10 <= arguments.students <= 1_000_000:
        raise ValueError("--students must be 10 to 1,000,000")
    options = vars(arguments).copy()
    for name in ("vendor", "start"):
        del options[name]
    return serve(**options)
