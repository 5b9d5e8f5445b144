"""The embedded PostgreSQL, used where no DATABASE_URL is given: nothing to install, nothing to look after."""

from adapters.postgres.embedded.cluster import DATABASE, ROLES, Role
from adapters.postgres.embedded.keeper import Keeper
from adapters.postgres.embedded.programs import EmbeddedPostgresError
from adapters.postgres.embedded.server import EmbeddedPostgres

__all__ = ["DATABASE", "ROLES", "EmbeddedPostgres", "EmbeddedPostgresError", "Keeper", "Role"]
