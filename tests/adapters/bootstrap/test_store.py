"""The wiring that every command needs."""

from uuid import RFC_4122, UUID

from adapters.bootstrap.store import make_id


def test_ids_are_random_as_rfc_9562_has_them():
    ids = {make_id() for _ in range(1_000)}
    assert len(ids) == 1_000
    assert {(id.version, id.variant, str(UUID(str(id))) == str(id), id == UUID(bytes=id.bytes)) for id in ids} == {
        (4, RFC_4122, True, True)
    }
    assert len({id.hex[place] for id in ids for place in range(32) if place not in (12, 16)}) == 16
