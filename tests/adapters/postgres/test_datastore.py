"""Connections that the server has hung up on."""

from adapters.postgres.datastore import Datastore
from adapters.postgres.store import Store


def test_a_pooled_connection_that_the_server_has_ended_is_replaced_before_it_is_used(store: Store):
    datastore = Datastore(store.where.service, size=1)
    try:
        for _ in range(3):
            with datastore.connection() as connection:
                backend = connection.info.backend_pid
            with store.datastore.connection() as other:
                assert other.execute("SELECT pg_terminate_backend(%s, 5000)", (backend,)).fetchone() == (True,)
            with datastore.connection() as connection:
                assert connection.info.backend_pid != backend
                assert connection.execute("SELECT 1").fetchone() == (1,)
    finally:
        datastore.close()
