"""The wiring of imports: they act with the rights of their caller, from the source `import`, under one correlation
id.
"""

from adapters.exchange.imports.jobs import ImporterOf
from adapters.exchange.imports.request import ImportRequest
from application.aggregates.access import Caller
from application.aggregates.handle import Aggregates
from application.aggregates.ports import CommandContext
from application.imports.importing import Importer
from application.imports.kinds import KINDS, Identities
from application.library.from_library import LibraryReader
from application.portfolio.ports import Portfolio
from domain.account_plan.language import AccountPlan


def importing(
    plans: Aggregates[AccountPlan], portfolio: Portfolio, library: LibraryReader, secret: bytes
) -> ImporterOf:
    """Return the function that makes importers. Rows without an id get one that is derived with the secret."""
    identities = Identities(secret)

    def importer(caller: Caller, asked: ImportRequest, id: str) -> Importer:
        context = CommandContext(caller.actor, "import", id, id, caller.on_behalf_of)
        kind = KINDS[asked.kind]
        return Importer(
            plans, portfolio, kind, identities, caller, context, library.check, asked.dry_run, asked.all_or_nothing
        )

    return importer
