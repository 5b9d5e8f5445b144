"""A log of a hundred thousand events sealed and verified as a whole."""

from time import perf_counter
from typing import Any

from adapters.bootstrap.store import utc_now
from adapters.postgres.notary import Notary
from adapters.postgres.store import Store
from adapters.postgres.verification import verify
from tests.bench.rebuilding import fill
from tests.proving import LOG_KEY


def measure(store: Store) -> dict[str, Any]:
    fill(store)
    began = perf_counter()
    sealed = Notary(store.datastore, LOG_KEY, utc_now).seal()
    between = perf_counter()
    found = verify(store.datastore, [LOG_KEY.verifier("bench")])
    ended = perf_counter()
    assert found.covered == sealed.size
    return {
        "events": sealed.size,
        "sealed_per_second": round(sealed.size / (between - began)),
        "verified_per_second": round(sealed.size / (ended - between)),
    }
