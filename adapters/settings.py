"""What the environment may say.  The only place that reads it."""

import base64
import os
import re
import secrets
from pathlib import Path
from typing import Annotated

from platformdirs import user_data_path
from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from adapters.postgres.person_keys import KeyEncryptionKey

KEY_FILE = "key-encryption-key"


class SettingsError(Exception):
    """What is wrong with the configuration, and what to do."""


class Settings(BaseSettings):
    """Environment variables, each with its default."""

    model_config = SettingsConfigDict(env_prefix="PLANTRAIL_", extra="ignore", frozen=True)

    home: Path = Field(default_factory=lambda: user_data_path("plantrail"))
    """PLANTRAIL_HOME: where the embedded PostgreSQL and the generated secrets live."""
    database_url: Annotated[SecretStr | None, NoDecode] = Field(
        default=None, validation_alias=AliasChoices("DATABASE_URL", "PLANTRAIL_DATABASE_URL")
    )
    """DATABASE_URL: the service's connection.  Not set: the embedded PostgreSQL."""
    owner_url: SecretStr | None = None
    """PLANTRAIL_OWNER_URL: the role that owns the schema and migrates it; default: DATABASE_URL."""
    keys_url: SecretStr | None = None
    """PLANTRAIL_KEYS_URL: the role of the person keys; default: DATABASE_URL."""
    pg_bin: Path | None = None
    """PLANTRAIL_PG_BIN: PostgreSQL binaries to use in place of the embedded ones."""
    key_encryption_key: SecretStr | None = None
    """PLANTRAIL_KEY_ENCRYPTION_KEY: 32 bytes in base64; default: generated in PLANTRAIL_HOME."""
    callers_file: Path | None = None
    """PLANTRAIL_CALLERS_FILE: who may call, a line each: key and actor, separated by blanks."""
    public_url: str = "http://127.0.0.1:8080"
    """PLANTRAIL_PUBLIC_URL: where others reach the service: the schemas that events name are to be had there."""
    log_format: str | None = None
    """PLANTRAIL_LOG_FORMAT: "json" or "console"; default: console in a terminal."""


def public_url(settings: Settings) -> str:
    """Raises `SettingsError`."""
    if not re.fullmatch(r"https?://[^\s<>\"?#]+", settings.public_url):
        raise SettingsError("PLANTRAIL_PUBLIC_URL must be a URL such as https://plans.example.com.")
    return settings.public_url.rstrip("/")


def key_encryption_key(settings: Settings) -> KeyEncryptionKey:
    """The configured key, else the one generated in the home, which is made on first use.  Raises `SettingsError`."""
    if settings.key_encryption_key:
        return KeyEncryptionKey(
            1, _decoded(settings.key_encryption_key.get_secret_value(), "PLANTRAIL_KEY_ENCRYPTION_KEY")
        )
    file = settings.home / KEY_FILE
    try:
        settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        _create_once(file, base64.b64encode(secrets.token_bytes(32)))
        return KeyEncryptionKey(1, _decoded(file.read_text("ascii"), str(file)))
    except OSError as error:
        raise SettingsError(
            f"The key-encryption key cannot be kept in {file}: {error}. Make the folder writable, set PLANTRAIL_HOME to"
            " another one, or set PLANTRAIL_KEY_ENCRYPTION_KEY."
        ) from error


def _create_once(file: Path, content: bytes) -> None:
    """Of several processes that start at once, one makes the file and all read it whole."""
    if file.exists():
        return
    made = file.with_name(f"{file.name}.{os.getpid()}")
    descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    try:
        os.link(made, file)
    except FileExistsError:
        return
    finally:
        made.unlink()


def _decoded(text: str, where: str) -> bytes:
    try:
        secret = base64.b64decode(text.strip(), validate=True)
    except ValueError:
        secret = b""
    if len(secret) != 32:
        raise SettingsError(f"{where} must hold 32 bytes in base64, as `openssl rand -base64 32` makes them.")
    return secret
