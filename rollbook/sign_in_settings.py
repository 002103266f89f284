"""The settings about signing in; `rollbook.config` has all others and reads them together."""

from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings


class SignInSettings(BaseSettings):
    """How often a sign-in may be tried, and by whom."""

    trusted_proxies: int = Field(
        0,
        ge=0,
        description="how many proxies of yours stand one behind the other before Rollbook; the "
        "address that the first of them saw is the one whose failed sign-ins count",
    )
    second_factor: Literal["required", "optional"] | None = Field(
        None,
        description="`required`: staff need a second factor (authenticator app or passkey) to see "
        "anything; `optional`: only those who have set one up use it; unset: required in "
        "production, optional in development and in the demo",
    )
    sign_in_tries: int = Field(
        10, ge=1, le=100, description="failed sign-ins of one account before it has to wait"
    )
    network_tries: int = Field(
        30,
        ge=1,
        description="failed sign-ins from one network, of any accounts, before new devices there "
        "have to wait",
    )
    sign_in_minutes: int = Field(
        15, ge=1, description="how long an account or a network has to wait"
    )
