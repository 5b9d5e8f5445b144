"""The embedded PostgreSQL, used if no DATABASE_URL is set. It needs no installation and no administration."""

from adapters.postgres.embedded.cluster import DATABASE, ROLES, Role
from adapters.postgres.embedded.keeper import Keeper
from adapters.postgres.embedded.programs import EmbeddedPostgresError
from adapters.postgres.embedded.server import EmbeddedPostgres

__all__ = ["DATABASE", "ROLES", "EmbeddedPostgres", "EmbeddedPostgresError", "Keeper", "Role"]
