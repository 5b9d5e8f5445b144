"""Errors in words: what went wrong in a sentence or two, and what to do about it."""

from collections.abc import Callable, Mapping

from adapters.bootstrap.settings import Settings, SettingsError
from adapters.events.cloud_events import NoSuchType
from adapters.events.stored_format import UnknownTopic
from adapters.outbound.nats_stream import StreamUnfit
from adapters.postgres.embedded import EmbeddedPostgresError
from adapters.postgres.key_generations import GenerationInUse
from adapters.postgres.migrations import SchemaIsNewer
from adapters.postgres.notary import TreeDamaged
from adapters.postgres.person_keys import AnotherKeyThere
from adapters.postgres.projections import RebuildUnderWay
from adapters.postgres.store import StoreUnfit
from adapters.postgres.transfer import TransferRefused
from adapters.privacy.erasure_list import ErasureListUnfit
from adapters.privacy.key_encryption import KeyFault, WrongKeyEncryptionKey
from adapters.rendering.pool import FormNotInstalled
from application.aggregates.ports import StoreUnavailable
from application.feed.cursors import CursorGone, CursorMalformed
from application.packs.registry import PackIsInternal
from application.portfolio.projector import CannotBeFolded
from application.proof.checkpoints import NoteRefused
from application.proof.merkle import NoSuchProof
from application.proof.ports import LogAltered, NotCoveredYet
from application.scenarios.scenario import ScenarioRefused
from application.scenarios.simulation import PlansMovedOn, RealEventsHeld
from application.views.cuts import CutRefused
from application.views.diff import CutsOutOfOrder
from application.views.list_cursors import CursorUnknown
from application.webhooks.endpoints import NothingToReplay, TooManyWebhooks, UnknownWebhook
from application.webhooks.ports import TargetRefused
from application.webhooks.subscriptions import UnknownPlan
from domain.language import Refusal

ANOTHER_STORE = "Use an empty store: set PLANTRAIL_HOME to a new folder, or DATABASE_URL to an empty database."


class Told(Exception):
    """What went wrong and what to do about it, in words for the user."""


def explained(error: BaseException) -> str | None:
    """Return the sentence for an error, or None if the error was not foreseen."""
    for kind, explain in EXPLAINED.items():
        if isinstance(error, kind):
            return explain(error)
    return None


def as_it_says(error: BaseException) -> str:
    return " ".join(str(error).split())


def unavailable(error: BaseException) -> str:
    if Settings().database_url is None:
        return (
            f"The embedded database does not answer: {error}. Try again, if need be after `plantrail db stop --force`."
        )
    return (
        f"The database that DATABASE_URL names does not answer: {str(error).rstrip('.')}."
        " Start it, or correct DATABASE_URL."
    )


def unfit(error: BaseException) -> str:
    return (
        f"The database that DATABASE_URL names cannot be used: {str(error).rstrip('.')}."
        " Correct it; if its role may not create a schema, set PLANTRAIL_OWNER_URL to one that may."
    )


def of_the_system(error: BaseException) -> str:
    assert isinstance(error, OSError)
    named = f"{error.filename}: " if error.filename else ""
    return f"{named}{error.strerror or error}. Name another file, or mend what is wrong with this one."


def cursor_gone(error: BaseException) -> str:
    assert isinstance(error, CursorGone)
    return f"{as_it_says(error)} What both have ends at {error.last_common}: go on after that."


EXPLAINED: Mapping[type[BaseException], Callable[[BaseException], str]] = {
    Told: as_it_says,
    ScenarioRefused: as_it_says,
    RealEventsHeld: lambda error: f"{error} {ANOTHER_STORE}",
    PlansMovedOn: as_it_says,
    TransferRefused: as_it_says,
    AnotherKeyThere: lambda error: f"{error} {ANOTHER_STORE}",
    WrongKeyEncryptionKey: as_it_says,
    KeyFault: as_it_says,
    ErasureListUnfit: as_it_says,
    GenerationInUse: as_it_says,
    CutsOutOfOrder: as_it_says,
    CutRefused: as_it_says,
    CursorUnknown: as_it_says,
    CursorMalformed: as_it_says,
    CursorGone: cursor_gone,
    UnknownWebhook: lambda error: f"{error} `plantrail webhooks list` lists those there are.",
    UnknownPlan: lambda error: f"{error} `plantrail plans` lists those there are.",
    TargetRefused: lambda error: f"{error} For development, PLANTRAIL_WEBHOOK_LOOPBACK=true allows this machine.",
    TooManyWebhooks: as_it_says,
    NothingToReplay: as_it_says,
    NoSuchType: lambda error: f"{error} docs/events.md lists those there are.",
    CannotBeFolded: lambda error: (
        f"The table cannot be brought up to date: {error}. Install the version that wrote it."
    ),
    RebuildUnderWay: as_it_says,
    NoteRefused: as_it_says,
    NotCoveredYet: as_it_says,
    NoSuchProof: as_it_says,
    LogAltered: lambda error: f"The log was altered. {error}",
    TreeDamaged: as_it_says,
    SettingsError: as_it_says,
    StreamUnfit: as_it_says,
    EmbeddedPostgresError: str,  # PostgreSQL's last words stand on lines of their own
    SchemaIsNewer: as_it_says,
    UnknownTopic: as_it_says,
    StoreUnfit: unfit,
    StoreUnavailable: unavailable,
    PackIsInternal: as_it_says,
    FormNotInstalled: as_it_says,
    Refusal: as_it_says,
    OSError: of_the_system,
}
