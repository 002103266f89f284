"""`python -m rollbook.standins powerschool`: start one and print its address."""

import argparse
from typing import Any

from rollbook.standins.faults import read_fault
from rollbook.standins.homes import ALL, EMAIL_HOMES, YEAR_HOMES
from rollbook.standins.people import COUNTRIES
from rollbook.standins.powerschool import KINDS, StandIn, serve
from rollbook.standins.powerschool.v1 import LEVELS

_FAULTS = "faults (NAME or NAME:page=3,times=1,status=503,path=/ws/v1/*):\n" + "\n".join(
    f"  {name:18}{kind.what}" for name, kind in KINDS.items()
)


def add_arguments(commands: Any) -> None:
    """Add the sub-command of PowerSchool."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "powerschool",
        help="PowerSchool SIS",
        epilog=_FAULTS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--host", default="127.0.0.1")
    add("--port", type=int, default=8101, help="0 picks a free one")
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
    add("--client-id", default="", help="a UUID made from the seed unless given")
    add("--client-secret", default="", help="made from the seed unless given")
    add("--page-size-max", type=int, default=100)
    add("--access-level", choices=LEVELS, default="READ", help="the plugin's accessLevelV1Api")
    add(
        "--grants",
        default="all",
        help="columns the plugin may read: all, none, students.dcid,schools.*,-log.entry",
    )
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
    add(
        "--no-single-object",
        action="store_false",
        dest="single_object",
        help="send a list for one element too",
    )
    add(
        "--no-token-type",
        action="store_false",
        dest="token_type",
        help="leave token_type out of the token answer",
    )
    add("--token-lifetime", type=int, default=2_592_000, metavar="SECONDS")
    add("--no-gzip", action="store_false", dest="gzip")
    parser.set_defaults(start=start)


def start(arguments: argparse.Namespace) -> StandIn:
    """Start a stand-in with these arguments. Raises ValueError."""
    if not 10 <= arguments.students <= 1_000_000:
        raise ValueError("--students must be 10 to 1,000,000")
    options = vars(arguments).copy()
    for name in ("vendor", "start"):
        del options[name]
    return serve(**options)
