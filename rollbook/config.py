"""Every setting of an installation, read once from the environment.

docs/settings.md is checked against the class.
"""

import base64
import difflib
import json
import os
import secrets
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import unquote, urlsplit

from pydantic import BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import NoDecode, SettingsConfigDict

from rollbook.sign_in_settings import SignInSettings


def _split_list(value: object) -> object:
    """Return the list that a variable holds, written with commas or as JSON."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        return json.loads(value)
    return [part.strip() for part in value.split(",") if part.strip()]


TextList = Annotated[list[str], NoDecode, BeforeValidator(_split_list)]


class Config(SignInSettings):
    """The settings. Each is an environment variable: ROLLBOOK_ and the field's name in capitals.

    Only the two database addresses have names of their own.
    """

    model_config = SettingsConfigDict(env_prefix="ROLLBOOK_", extra="ignore", populate_by_name=True)

    env: Literal["development", "production"] = Field(
        "development", description="in `production` Rollbook refuses to start with unsafe settings"
    )
    data_dir: Path = Field(
        Path(".rollbook"),
        description="the folder of the embedded database, generated keys and collected static "
        "files",
    )
    database_url: SecretStr | None = Field(
        None,
        validation_alias="DATABASE_URL",
        description="the address of the database for web, workers and commands; embedded "
        "PostgreSQL if unset",
    )
    database_owner_url: SecretStr | None = Field(
        None,
        validation_alias="DATABASE_OWNER_URL",
        description="the address of the database for migrations, with its owner's login; "
        "DATABASE_URL if unset",
    )
    database_app_role: str = Field(
        "rollbook_app",
        description="the database role of everything but migrations; it owns no tables",
    )
    secret_key: SecretStr | None = Field(
        None,
        description="signs sessions and links in mails; in development it is generated in "
        "ROLLBOOK_DATA_DIR",
    )
    encryption_keys: SecretStr | None = Field(
        None,
        description="encrypts the SIS credentials: `id:key` pairs with commas between, newest "
        "first; a key is 32 bytes as base64",
    )
    allowed_hosts: TextList = Field(
        ["localhost", "127.0.0.1", "[::1]"],
        description="the host names that this installation answers to",
    )
    public_url: str = Field(
        "http://127.0.0.1:8000",
        description="the address that people use; links in mails start with it",
    )
    allowed_networks: Annotated[list[str] | None, NoDecode, BeforeValidator(_split_list)] = Field(
        None,
        description="networks in which a SIS may be, besides public addresses, such as "
        "`10.1.0.0/16`; unset: loopback in development, none in production",
    )
    ca_file: Path | None = Field(
        None, description="a PEM file of certificate authorities to trust besides the usual ones"
    )
    email_url: str = Field(
        "",
        description="the mail server: `smtp://user:password@host:port`, `smtps://…` or "
        "`smtp+tls://…`; if unset, mails are written to the log",
    )
    email_from: str = Field("Rollbook <rollbook@localhost>", description="the sender of mails")
    caught_mail_dir: Path | None = Field(
        None,
        description="a folder of caught mails (.eml), shown at /mail/ after sign-in, as in the "
        "demo; ignored in production",
    )
    log_format: Literal["text", "json"] = Field(
        "text", description="`text` for people, `json` for machines"
    )
    metrics_token: SecretStr | None = Field(
        None,
        description="the token of /metrics, sent as `Authorization: Bearer …`; if unset, "
        "/metrics answers this machine only",
    )
    worker_concurrency: int = Field(
        4, ge=1, le=32, description="how many schools one worker syncs at the same time"
    )
    worker_nice: int = Field(
        10,
        ge=0,
        le=19,
        description="how far a worker lowers its priority at the operating system, so that web "
        "answers quickly meanwhile; 0 is not at all",
    )
    lease_seconds: int = Field(
        45,
        ge=5,
        description="another worker takes a run over if its worker has been silent for so long",
    )
    sweep_seconds: int = Field(
        20, ge=1, description="how often a worker looks for runs that nobody works on"
    )
    run_attempts: int = Field(3, ge=1, description="how often a run is started before it fails")
    alias_days: int = Field(
        90,
        ge=1,
        description="how many days an earlier e-mail of a student is kept; if another student "
        "gets it, the report has a note",
    )
    report_days: int = Field(
        400,
        ge=1,
        description="how many days the rows of a report are kept; the run and its numbers stay",
    )
    audit_days: int = Field(
        548,
        ge=548,
        description="how many days the audit log is kept; never less than 18 months",
    )
    connect_seconds: float = Field(10, gt=0, description="longest time to connect to a SIS")
    request_seconds: float = Field(
        60, gt=0, description="longest time of one request to a SIS, from start to end"
    )
    page_bytes: int = Field(
        20_000_000, gt=0, description="most bytes of one page of a SIS, unpacked"
    )
    pages: int = Field(2_000, gt=0, description="most pages of one roster")
    page_records: int = Field(20_000, gt=0, description="most records on one page of a SIS")
    records: int = Field(200_000, gt=0, description="most records of one roster")
    limit_leavers_percent: float | None = Field(
        5,
        ge=0,
        le=100,
        description="a run is held if more students than this percentage, and than the number "
        "in the next row, are missing",
    )
    limit_leavers_count: int = Field(
        5, ge=0, description="up to so many missing students never hold a run"
    )
    limit_emails_percent: float | None = Field(
        20,
        ge=0,
        le=100,
        description="a run is held if more sign-in e-mails than this percentage, and than the "
        "number in the next row, change",
    )
    limit_emails_count: int = Field(
        5, ge=0, description="up to so many changed sign-in e-mails never hold a run"
    )
    limit_names_percent: float | None = Field(
        20,
        ge=0,
        le=100,
        description="a run is held if the first or last names of more students than this "
        "percentage, and than the number in the next row, change",
    )
    limit_names_count: int = Field(
        5, ge=0, description="up to so many changed names never hold a run"
    )
    limit_years_percent: float | None = Field(
        20,
        ge=0,
        le=100,
        description="a run is held if the graduation years of more students than this percentage, "
        "and than the number in the next row, change",
    )
    limit_years_count: int = Field(
        5, ge=0, description="up to so many changed graduation years never hold a run"
    )
    limit_new_percent: float | None = Field(
        30,
        ge=0,
        le=100,
        description="a run that isn't the first one is held if more students than this percentage, "
        "and than the number in the next row, are new",
    )
    limit_new_count: int = Field(5, ge=0, description="up to so many new students never hold a run")
    limit_blanks_percent: float | None = Field(
        20,
        ge=0,
        le=100,
        description="a run is held if a blank in the SIS clears more than this percentage, and "
        "than the number in the next row, of the values of a field",
    )
    limit_blanks_count: int = Field(
        5, ge=0, description="up to so many cleared values of a field never hold a run"
    )
    limit_errors_percent: float | None = Field(
        20,
        ge=0,
        le=100,
        description="a run is held if more students with an account than this percentage, and "
        "than the number in the next row, have an error",
    )
    limit_errors_count: int = Field(
        5, ge=0, description="up to so many students with errors never hold a run"
    )
    limit_overlap_percent: float | None = Field(
        50,
        ge=0,
        le=100,
        description="a run is held if its roster has less than this percentage of the known SIS "
        "IDs",
    )
    upload_bytes: int = Field(10_000_000, gt=0, description="most bytes of an uploaded file")
    upload_unpacked_bytes: int = Field(
        100_000_000, gt=0, description="most bytes of an uploaded workbook when unpacked"
    )
    upload_rows: int = Field(50_000, gt=0, description="most rows of an uploaded file")
    upload_columns: int = Field(100, gt=0, description="most columns of an uploaded file")
    upload_cpu_seconds: int = Field(
        20, ge=1, description="most seconds of computing to read an uploaded file"
    )
    upload_days: int = Field(
        30,
        ge=1,
        description="how many days an uploaded file and an unconfirmed preview are kept",
    )
    run_seconds: float = Field(1_800, gt=0, description="longest time of one run")
    tries: int = Field(
        5, ge=1, description="how often Rollbook asks a SIS for one page before it gives up"
    )
    retry_after_seconds: float = Field(
        300, ge=0, description="longest wait that a SIS may ask for (Retry-After)"
    )
    single_reads: int = Field(
        200,
        ge=0,
        description="most missing students whom a SIS is asked for one by one; beyond it, two "
        "readings in a row must have the same students",
    )
    sign_ins: int = Field(3, ge=1, description="most sign-ins at a SIS in one run")

    @property
    def production(self) -> bool:
        """Whether this installation runs in production."""
        return self.env == "production"

    @property
    def needs_second_factor(self) -> bool:
        """Whether staff without a second factor see nothing."""
        return (self.second_factor or ("required" if self.production else "optional")) == "required"

    @property
    def caught_mail(self) -> Path | None:
        """The folder of mails that were caught instead of sent.

        None in production, where it would show the mails of one school to another.
        """
        return None if self.production else self.caught_mail_dir

    @property
    def networks(self) -> tuple[str, ...]:
        """Networks that a SIS may lie in besides public addresses."""
        if self.allowed_networks is not None:
            return tuple(self.allowed_networks)
        return () if self.production else ("127.0.0.0/8", "::1/128")

    @cached_property
    def keys(self) -> dict[str, bytes]:
        """The encryption keys by id, newest first, 32 bytes each."""
        if self.encryption_keys is None:
            return {"dev": base64.b64decode(self._generated_keys["encryption_key"])}
        keys = {}
        for pair in self.encryption_keys.get_secret_value().split(","):
            if pair.strip():
                name, key = pair.strip().split(":", 1)
                keys[name] = base64.b64decode(key)
        return keys

    @property
    def django_secret_key(self) -> str:
        """Django's SECRET_KEY."""
        if self.secret_key:
            return self.secret_key.get_secret_value()
        return self._generated_keys["secret_key"]

    @cached_property
    def _generated_keys(self) -> dict[str, str]:
        """The keys of a development installation, generated once and stored beside its database."""
        if self.production:
            raise SystemExit(
                "Rollbook does not start in production without ROLLBOOK_SECRET_KEY and "
                "ROLLBOOK_ENCRYPTION_KEYS. "
                "`rollbook keys` prints a fresh pair to put into the environment."
            )
        path = self.data_dir / "keys.json"
        if not path.exists():
            self.data_dir.mkdir(parents=True, exist_ok=True)
            fresh = {
                "secret_key": secrets.token_urlsafe(48),
                "encryption_key": base64.b64encode(secrets.token_bytes(32)).decode(),
            }
            scratch = path.with_suffix(f".{os.getpid()}")
            scratch.touch(mode=0o600)
            scratch.write_text(json.dumps(fresh))
            try:
                os.link(scratch, path)  # two first starts at once must agree on one pair
            except FileExistsError:
                pass
            finally:
                scratch.unlink()
        keys: dict[str, str] = json.loads(path.read_text())
        return keys


def mail_server(url: str) -> tuple[str, dict[str, object]]:
    """Return Django's mail back end and EMAIL_ settings for an address.

    An address is such as smtp+tls://user:password@host:587.
    """
    if not url:
        return "django.core.mail.backends.console.EmailBackend", {}
    parts = urlsplit(url)
    if parts.scheme not in {"smtp", "smtps", "smtp+tls"} or not parts.hostname:
        raise SystemExit(
            "ROLLBOOK_EMAIL_URL has to look like smtp://host:25, "
            "smtps://user:password@host:465 or smtp+tls://host:587."
        )
    return "django.core.mail.backends.smtp.EmailBackend", {
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": parts.port or {"smtp": 25, "smtps": 465, "smtp+tls": 587}[parts.scheme],
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_SSL": parts.scheme == "smtps",
        "EMAIL_USE_TLS": parts.scheme == "smtp+tls",
    }


def read() -> Config:
    """Return the settings of this process.

    Settings that can't be read end it with a line for each, without the value: it may be a secret.
    """
    try:
        return Config()
    except ValidationError as error:
        lines = [
            f"  {name_of(str(each['loc'][0]))}: {each['msg']}"
            for each in error.errors(include_input=False, include_url=False)
        ]
        raise SystemExit(
            "\n".join(
                ["Rollbook can't read these settings:", *lines, "docs/settings.md describes each."]
            )
        ) from None


def name_of(field: str) -> str:
    """Return the environment variable of a setting, from its field or its variable's own name."""
    return field if field.isupper() else f"ROLLBOOK_{field.upper()}"


def variables() -> dict[str, str]:
    """Return the environment variable of every setting, by the name of its field."""
    fields = Config.model_fields.items()
    return {name: str(field.validation_alias or name_of(name)) for name, field in fields}


def unknown_variables(environment: Mapping[str, str]) -> list[str]:
    """Return a sentence for each variable that looks like a setting and is none."""
    known = variables().values()
    sentences = []
    for name in sorted(environment):
        if name.startswith("ROLLBOOK_") and name not in known:
            likely = difflib.get_close_matches(name, known, n=1, cutoff=0.8)
            hint = f" Did you mean {likely[0]}?" if likely else ""
            sentences.append(f"{name} is not a setting of Rollbook and has no effect.{hint}")
    return sentences


config = read()
