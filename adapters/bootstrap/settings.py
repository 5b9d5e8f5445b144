"""Settings from environment variables. Nothing else reads the environment."""

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from platformdirs import user_data_path
from pydantic import AliasChoices, Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from adapters.privacy.key_encryption import GivenKeys, KeyEncryptionKeys, KeyFiles, decoded, read_or_make
from adapters.proof.checkpoints import LogKey
from domain.mistakes import ended, nearest, predicate

LOG_KEY_FILE = "log-key"
DAYS_OF_ACCESS_EVENTS = 400

DEFAULT_PUBLIC_URL = "http://127.0.0.1:8080"


class SettingsError(Exception):
    """What is wrong with the settings, and what to do about it."""


PREFIX = "PLANTRAIL_"
OF_THE_LIBRARY = "PLANTRAIL_PERSISTENCE_MODULE"
"""A variable that programs set which follow the log with eventsourcing. It is not a setting of ours."""


class Settings(BaseSettings):
    """The environment variables, each with its default. docs/settings.md explains them to operators."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True)

    def __init__(self, **given: Any) -> None:
        """Read the environment. Raises `SettingsError`, which names every variable that is wrong or unknown, and
        `KeyFault`."""
        known = {variable for name in type(self).model_fields for variable in variables(name)}
        wrong = [
            no_setting(name, known)
            for name in sorted(os.environ)
            if name.startswith(PREFIX) and name not in known | {OF_THE_LIBRARY}
        ]
        try:
            super().__init__(**given)
        except ValidationError as error:
            raise SettingsError(" ".join([*map(matter, error.errors(include_url=False)), *wrong])) from None
        if wrong:
            raise SettingsError(" ".join(wrong))

    @field_validator("key_encryption_key")
    @classmethod
    def _wraps(cls, given: SecretStr | None) -> SecretStr | None:
        if given is not None:
            GivenKeys.read(given.get_secret_value(), f"{PREFIX}KEY_ENCRYPTION_KEY")
        return given

    @field_validator("slides_template")
    @classmethod
    def _is_there(cls, given: Path | None) -> Path | None:
        if given is not None and not given.is_file():
            raise ValueError("must name a presentation that is there, such as company.pptx")
        return given

    @field_validator("public_url", "url", "oidc_issuer", "witnesses")
    @classmethod
    def _can_be_parsed(cls, given: str | None) -> str | None:
        """What it has to be beyond that is said where it is used."""
        for each in (given or "").split():
            try:
                _ = urlsplit(each).port
            except ValueError:
                why = "must be a URL such as https://plans.example.com, without a wrong host or port"
                raise ValueError(why) from None
        return given

    @field_validator("log_key", "witness_secret")
    @classmethod
    def _is_a_secret(cls, given: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if given is not None:
            decoded(given.get_secret_value(), f"{PREFIX}{str(info.field_name).upper()}")
        return given

    home: Path = Field(default_factory=lambda: user_data_path("plantrail"))
    """PLANTRAIL_HOME: the folder of the embedded PostgreSQL and of generated secrets."""
    database_url: Annotated[SecretStr | None, NoDecode] = Field(
        default=None, validation_alias=AliasChoices("DATABASE_URL", "PLANTRAIL_DATABASE_URL")
    )
    """DATABASE_URL: the database, by the service's role. Default: the embedded PostgreSQL."""
    owner_url: SecretStr | None = None
    """PLANTRAIL_OWNER_URL: the database, by the role that owns the schema and migrates it. Default: DATABASE_URL."""
    keys_url: SecretStr | None = None
    """PLANTRAIL_KEYS_URL: the database, by the role that reads and writes person keys. Default: DATABASE_URL."""
    pg_bin: Path | None = None
    """PLANTRAIL_PG_BIN: a folder of PostgreSQL programs to use instead of the embedded ones."""
    key_encryption_key: SecretStr | None = None
    """PLANTRAIL_KEY_ENCRYPTION_KEY: 32 bytes in base64, or several with their generations, `2:… 1:…`. Default:
    generated in PLANTRAIL_HOME."""
    log_key: SecretStr | None = None
    """PLANTRAIL_LOG_KEY: 32 bytes in base64 that sign the checkpoints of the log. Default: generated in
    PLANTRAIL_HOME."""
    witnesses: str = ""
    """PLANTRAIL_WITNESSES: who is told each checkpoint: file:///…, https://…, nats://host:4222/subject, separated by
    blanks."""
    witness_secret: SecretStr | None = None
    """PLANTRAIL_WITNESS_SECRET: 32 bytes in base64 that sign what is posted to witnesses, as webhooks are signed."""
    erasures_file: Path | None = None
    """PLANTRAIL_ERASURES_FILE: the list of erasures, on a disk that all hosts share and that no backup of the database
    includes. Default: in PLANTRAIL_HOME."""
    slides_template: Path | None = None
    """PLANTRAIL_SLIDES_TEMPLATE: the presentation, such as company.pptx, in whose layouts slides are made."""
    oidc_issuer: str | None = None
    """PLANTRAIL_OIDC_ISSUER: the issuer whose bearer tokens are accepted beside API keys. Its discovery document is
    read."""
    oidc_audience: str = "plantrail"
    """PLANTRAIL_OIDC_AUDIENCE: the audience that a token must be made for."""
    oidc_actor_claim: str = "sub"
    """PLANTRAIL_OIDC_ACTOR_CLAIM: the claim that names the caller. A dot leads into a nested claim."""
    oidc_role_claim: str = "plantrail_role"
    """PLANTRAIL_OIDC_ROLE_CLAIM: the claim that names one of our roles, possibly among roles that are not ours."""
    oidc_plans_claim: str = "plantrail_plans"
    """PLANTRAIL_OIDC_PLANS_CLAIM: the claim that lists plan ids or account ids, or says `all`. If absent, no plans."""
    oidc_client_id: str | None = None
    """PLANTRAIL_OIDC_CLIENT_ID: the id under which the issuer knows this service: people sign in to the pages through
    it."""
    oidc_client_secret: SecretStr | None = None
    """PLANTRAIL_OIDC_CLIENT_SECRET: the secret of this client, where the issuer gave one."""
    requests_per_second: float = Field(default=50, gt=0, allow_inf_nan=False)
    """PLANTRAIL_REQUESTS_PER_SECOND: requests per second for each caller, on average. Four seconds' worth may come at
    once."""
    connections: int = Field(default=2_000, ge=10, le=100_000)
    """PLANTRAIL_CONNECTIONS: how many connections may be open at once."""
    connections_per_address: int = Field(default=500, ge=1, le=100_000)
    """PLANTRAIL_CONNECTIONS_PER_ADDRESS: how many of them from one address. Behind a proxy, all come from its own."""
    access_events_days: int = Field(default=DAYS_OF_ACCESS_EVENTS, ge=30, le=36_500)
    """PLANTRAIL_ACCESS_EVENTS_DAYS: days for which the record of who has read what is kept."""
    public_url: str | None = None
    """PLANTRAIL_PUBLIC_URL: where others reach the service, which serves the schemas that events name. Default: the
    address served at; for commands that do not serve, the default address."""
    url: str = DEFAULT_PUBLIC_URL
    """PLANTRAIL_URL: the running service that `do`, `open`, `done`, `move` and `drop` send to."""
    key: SecretStr | None = None
    """PLANTRAIL_KEY: the API key they send. Default: none, for a service of one's own machine that asks for none."""
    webhook_loopback: bool = False
    """PLANTRAIL_WEBHOOK_LOOPBACK: for development: webhooks may lead to this machine, also by plain http. Default:
    false; true in the demo."""
    nats_url: SecretStr | None = None
    """PLANTRAIL_NATS_URL: the broker to publish to, user and password included; several are separated by commas."""
    log_format: Literal["json", "console"] | None = None
    """PLANTRAIL_LOG_FORMAT: "json" or "console". Default: console in a terminal, else json."""


def variables(field: str) -> list[str]:
    """Return the environment variables from which a setting is read."""
    alias = Settings.model_fields[field].validation_alias
    return [str(each) for each in alias.choices] if isinstance(alias, AliasChoices) else [f"{PREFIX}{field.upper()}"]


def no_setting(variable: str, known: Iterable[str]) -> str:
    """Return the message about a variable that is not a setting of ours."""
    by_name = {each.removeprefix(PREFIX): each for each in known}
    near = nearest(variable.removeprefix(PREFIX), by_name)
    hint = f": did you mean {by_name[near]}?" if near else "; docs/settings.md lists those there are."
    return f"There is no setting {variable}{hint}"


def matter(error: ErrorDetails) -> str:
    """Return what is wrong with a setting. Its value may be a secret, so the message does not repeat it."""
    name = str(error["loc"][0])
    variable = name if name.isupper() else f"{PREFIX}{name.upper()}"
    return ended(f"{variable} {predicate(error)}")


def public_url(settings: Settings) -> str:
    """Return the URL under which others reach the service. Raises `SettingsError`."""
    address = DEFAULT_PUBLIC_URL if settings.public_url is None else settings.public_url
    if not re.fullmatch(r"https?://[^\s<>\"?#]+", address):
        raise SettingsError("PLANTRAIL_PUBLIC_URL must be a URL such as https://plans.example.com.")
    return address.rstrip("/")


def served_at(settings: Settings, host: str, port: int) -> Settings:
    """Return the settings of a service at this address, which becomes its public URL unless another one is
    configured.
    """
    if settings.public_url is not None:
        return settings
    if ":" in host:
        host = f"[{host}]"
    return settings.model_copy(update={"public_url": f"http://{host}:{port}"})


def for_this_machine(settings: Settings) -> Settings:
    """Return the settings of a service that only this machine reaches. Webhooks may then lead to this machine, unless
    that is forbidden."""
    if "webhook_loopback" in settings.model_fields_set:
        return settings
    return settings.model_copy(update={"webhook_loopback": True})


def key_encryption_keys(settings: Settings) -> KeyEncryptionKeys:
    """Return the configured keys, else those in the home, where the first is created on first use. Raises
    `KeyFault`.
    """
    if settings.key_encryption_key:
        return GivenKeys.read(settings.key_encryption_key.get_secret_value(), "PLANTRAIL_KEY_ENCRYPTION_KEY")
    return KeyFiles(settings.home)


def log_key(settings: Settings) -> LogKey:
    """Return the configured log key, else the one in the home, created on first use. Raises `KeyFault`."""
    variable = "PLANTRAIL_LOG_KEY"
    if settings.log_key:
        return LogKey(decoded(settings.log_key.get_secret_value(), variable))
    return LogKey(read_or_make(settings.home / LOG_KEY_FILE, variable))


def kept_log_key(settings: Settings) -> LogKey | None:
    """Return the log key that is configured or was created before; None if there is none yet. Raises `KeyFault`."""
    return log_key(settings) if settings.log_key or (settings.home / LOG_KEY_FILE).exists() else None
