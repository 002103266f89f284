"""Every setting of an installation, read once from the environment: one typed class, against which the reference page is checked."""

import base64
import json
import os
import secrets
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import unquote, urlsplit

from pydantic import BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


def _listed(written: object) -> object:
    """A list as people write it in the environment: with commas, or as JSON."""
    if not isinstance(written, str):
        return written
    if written.lstrip().startswith("["):
        return json.loads(written)
    return [part.strip() for part in written.split(",") if part.strip()]


Listed = Annotated[list[str], NoDecode, BeforeValidator(_listed)]


class Config(BaseSettings):
    """Settings are environment variables named ROLLBOOK_ and the field's name in capitals, but for the two database addresses."""

    model_config = SettingsConfigDict(env_prefix="ROLLBOOK_", extra="ignore", populate_by_name=True)

    env: Literal["development", "production"] = Field(
        "development", description="production refuses to start with anything unsafe"
    )
    data_dir: Path = Field(
        Path(".rollbook"),
        description="where the embedded database, made-up keys and report files lie",
    )
    database_url: SecretStr | None = Field(
        None,
        validation_alias="DATABASE_URL",
        description="the PostgreSQL login of web and worker; embedded when unset",
    )
    database_owner_url: SecretStr | None = Field(
        None,
        validation_alias="DATABASE_OWNER_URL",
        description="the login that migrates; DATABASE_URL when unset",
    )
    database_app_role: str = Field(
        "rollbook_app",
        description="the role, owner of nothing, that every connection but migrations works as",
    )
    secret_key: SecretStr | None = Field(
        None, description="signs sessions; made and kept in data_dir in development"
    )
    encryption_keys: SecretStr | None = Field(
        None,
        description="id:base64 of 32 bytes, comma separated, newest first; encrypts the SIS credentials",
    )
    allowed_hosts: Listed = Field(
        ["localhost", "127.0.0.1", "[::1]"],
        description="host names this installation answers to, with commas between them",
    )
    public_url: str = Field(
        "http://127.0.0.1:8000", description="the address people use; starts the links in mails"
    )
    allowed_networks: Annotated[list[str] | None, NoDecode, BeforeValidator(_listed)] = Field(
        None,
        description="networks a SIS may lie in besides public addresses, as CIDR with commas between; "
        "loopback in development, none in production",
    )
    ca_file: Path | None = Field(
        None, description="a PEM file of certificate authorities to trust besides the usual ones"
    )
    email_url: str = Field(
        "",
        description="smtp://user:password@host:port, smtps:// or smtp+tls://; unset: mail is written to the log",
    )
    email_from: str = Field("Rollbook <rollbook@localhost>", description="the sender of mails")
    caught_mail_dir: Path | None = Field(
        None,
        description="a folder of caught mails (.eml), shown at /mail/ to whoever signs in, as in the demo; ignored in production",
    )
    log_format: Literal["text", "json"] = Field(
        "text", description="how log lines are written: text for people, json for machines"
    )
    metrics_token: SecretStr | None = Field(
        None,
        description="asked for by /metrics as `Authorization: Bearer …`; unset: /metrics answers this machine alone",
    )
    worker_concurrency: int = Field(
        4, ge=1, le=32, description="how many schools one worker syncs side by side"
    )
    lease_seconds: int = Field(
        45, ge=5, description="a run whose worker was silent for so long is taken over"
    )
    sweep_seconds: int = Field(
        20, ge=1, description="how often a worker looks for runs that nobody works on"
    )
    run_attempts: int = Field(
        3, ge=1, description="how often a run is started before it is parked as failed"
    )
    alias_days: int = Field(
        90,
        ge=1,
        description="for how long an earlier e-mail of a student is kept, and noted when another gets it",
    )
    report_days: int = Field(
        400,
        ge=1,
        description="for how long the rows of a report are kept; the run's line and numbers stay",
    )
    connect_seconds: float = Field(10, gt=0, description="bound on connecting to a SIS")
    request_seconds: float = Field(60, gt=0, description="bound on one request to a SIS in total")
    page_bytes: int = Field(20_000_000, gt=0, description="bound on one decoded page of a SIS")
    pages: int = Field(2_000, gt=0, description="bound on the pages of one roster")
    records: int = Field(200_000, gt=0, description="bound on the records of one roster")
    limit_leavers_percent: float | None = Field(
        5, ge=0, le=100, description="a run with more leavers than this, and than the next, is held"
    )
    limit_leavers_count: int = Field(5, ge=0, description="leavers that never hold a run")
    limit_emails_percent: float | None = Field(
        20,
        ge=0,
        le=100,
        description="a run with more changed sign-in e-mails, and than the next, is held",
    )
    limit_emails_count: int = Field(
        5, ge=0, description="changed sign-in e-mails that never hold a run"
    )
    limit_overlap_percent: float | None = Field(
        50, ge=0, le=100, description="a run whose roster has fewer of the known SIS IDs is held"
    )
    upload_bytes: int = Field(10_000_000, gt=0, description="bound on an uploaded file")
    upload_unpacked_bytes: int = Field(
        100_000_000, gt=0, description="bound on what an uploaded workbook may unpack to"
    )
    upload_rows: int = Field(50_000, gt=0, description="bound on the rows of an uploaded file")
    upload_columns: int = Field(100, gt=0, description="bound on the columns of an uploaded file")
    upload_cpu_seconds: int = Field(
        20, ge=1, description="bound on the time of reading an uploaded file"
    )
    upload_days: int = Field(
        30,
        ge=1,
        description="how many days an uploaded file and a preview that nobody confirmed are kept",
    )
    run_seconds: float = Field(1_800, gt=0, description="bound on one run")
    tries: int = Field(5, ge=1, description="tries of one page")
    retry_after_seconds: float = Field(
        300, ge=0, description="the longest Retry-After that is waited for"
    )
    sign_ins: int = Field(3, ge=1, description="sign-ins at a SIS in one run")

    @property
    def production(self) -> bool:
        return self.env == "production"

    @property
    def caught_mail(self) -> Path | None:
        """Where mails lie that were caught instead of sent; never in production, where it would show one school's mails to another."""
        return None if self.production else self.caught_mail_dir

    @property
    def networks(self) -> tuple[str, ...]:
        """Networks that a SIS may lie in besides public addresses."""
        if self.allowed_networks is not None:
            return tuple(self.allowed_networks)
        return () if self.production else ("127.0.0.0/8", "::1/128")

    @cached_property
    def keys(self) -> dict[str, bytes]:
        """Encryption keys by id, newest first. Each is 32 bytes."""
        if self.encryption_keys is None:
            return {"dev": base64.b64decode(self._made_up["encryption_key"])}
        pairs = (
            pair.strip().split(":", 1)
            for pair in self.encryption_keys.get_secret_value().split(",")
            if pair.strip()
        )
        return {name: base64.b64decode(key) for name, key in pairs}

    @property
    def django_secret_key(self) -> str:
        return (
            self.secret_key.get_secret_value() if self.secret_key else self._made_up["secret_key"]
        )

    @cached_property
    def _made_up(self) -> dict[str, str]:
        """Keys of a development installation, made once and kept beside its database."""
        if self.production:
            raise SystemExit(
                "Rollbook does not start in production without ROLLBOOK_SECRET_KEY and ROLLBOOK_ENCRYPTION_KEYS. "
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
        made_up: dict[str, str] = json.loads(path.read_text())
        return made_up


def mail_server(url: str) -> tuple[str, dict[str, object]]:
    """Django's mail back end and its EMAIL_ settings for an address such as smtp+tls://user:password@host:587."""
    if not url:
        return "django.core.mail.backends.console.EmailBackend", {}
    parts = urlsplit(url)
    if parts.scheme not in {"smtp", "smtps", "smtp+tls"} or not parts.hostname:
        raise SystemExit(
            "ROLLBOOK_EMAIL_URL has to look like smtp://host:25, smtps://user:password@host:465 or smtp+tls://host:587."
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
    """The settings of this process. One that can't be read ends it with a line for each, and no value, since it may be a secret."""
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
    """The environment variable of a setting, from its field or from the variable's own name."""
    return field if field.isupper() else f"ROLLBOOK_{field.upper()}"


config = read()
