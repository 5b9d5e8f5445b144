"""Errors in words: what went wrong in a sentence or two, and what to do about it."""

from collections.abc import Callable, Mapping

from adapters.bootstrap.settings import Settings

ANOTHER_STORE = "Use an empty store: set PLANTRAIL_HOME to a new folder, or DATABASE_URL to an empty database."


class Told(Exception):
    """What went wrong and what to do about it, in words for the user."""

    answered = False
    """Whether the running service answered so."""


def explained(error: BaseException) -> str | None:
    """Return the sentence for an error, or None if the error was not foreseen."""
    explanations = (EXPLAINED.get(f"{kind.__module__}.{kind.__qualname__}") for kind in type(error).__mro__)
    explain = next(filter(None, explanations), None)
    return explain(error) if explain else None


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
    from application.feed.cursors import CursorGone

    assert isinstance(error, CursorGone)
    return f"{as_it_says(error)} What both have ends at {error.last_common}: go on after that."


EXPLAINED: Mapping[str, Callable[[BaseException], str]] = {
    "adapters.cli.errors.Told": as_it_says,
    "application.scenarios.scenario.ScenarioRefused": as_it_says,
    "application.scenarios.simulation.RealEventsHeld": lambda error: f"{error} {ANOTHER_STORE}",
    "application.scenarios.simulation.PlansMovedOn": as_it_says,
    "adapters.postgres.transfer.TransferRefused": as_it_says,
    "adapters.postgres.person_keys.AnotherKeyThere": lambda error: f"{error} {ANOTHER_STORE}",
    "adapters.privacy.key_encryption.WrongKeyEncryptionKey": as_it_says,
    "adapters.privacy.key_encryption.KeyFault": as_it_says,
    "adapters.privacy.erasure_list.ErasureListUnfit": as_it_says,
    "adapters.postgres.key_generations.GenerationInUse": as_it_says,
    "application.views.diff.CutsOutOfOrder": as_it_says,
    "application.views.cuts.CutRefused": as_it_says,
    "application.views.list_cursors.CursorUnknown": as_it_says,
    "application.feed.cursors.CursorMalformed": as_it_says,
    "application.feed.cursors.CursorGone": cursor_gone,
    "application.webhooks.endpoints.UnknownWebhook": lambda error: (
        f"{error} `plantrail webhooks list` lists those there are."
    ),
    "application.webhooks.subscriptions.UnknownPlan": lambda error: f"{error} `plantrail plans` lists those there are.",
    "application.webhooks.ports.TargetRefused": lambda error: (
        f"{error} For development, PLANTRAIL_WEBHOOK_LOOPBACK=true allows this machine."
    ),
    "application.webhooks.endpoints.TooManyWebhooks": as_it_says,
    "application.webhooks.endpoints.NothingToReplay": as_it_says,
    "adapters.events.cloud_events.NoSuchType": lambda error: f"{error} docs/events.md lists those there are.",
    "application.portfolio.projector.CannotBeFolded": lambda error: (
        f"The table cannot be brought up to date: {error}. Install the version that wrote it."
    ),
    "adapters.postgres.projections.RebuildUnderWay": as_it_says,
    "application.proof.checkpoints.NoteRefused": as_it_says,
    "application.proof.ports.NotCoveredYet": as_it_says,
    "application.proof.merkle.NoSuchProof": as_it_says,
    "application.proof.ports.LogAltered": lambda error: f"The log was altered. {error}",
    "adapters.postgres.notary.TreeDamaged": as_it_says,
    "adapters.bootstrap.settings.SettingsError": as_it_says,
    "adapters.outbound.nats_stream.StreamUnfit": as_it_says,
    # PostgreSQL's last log lines stand on lines of their own.
    "adapters.postgres.embedded.programs.EmbeddedPostgresError": str,
    "adapters.postgres.migrations.SchemaIsNewer": as_it_says,
    "adapters.events.stored_format.UnknownTopic": as_it_says,
    "adapters.postgres.store.StoreUnfit": unfit,
    "application.aggregates.ports.StoreUnavailable": unavailable,
    "application.packs.registry.PackIsInternal": as_it_says,
    "adapters.rendering.pool.FormNotInstalled": as_it_says,
    "domain.language.Refusal": as_it_says,
    "builtins.OSError": of_the_system,
}
"""By the full names of errors, so that the modules of other errors need not be loaded."""
