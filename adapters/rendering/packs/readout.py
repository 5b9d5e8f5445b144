"""The executive read-out as a document."""

from collections.abc import Iterator, Sequence

from adapters.rendering.document import Block, Cell, Column, Document, Fact, Section, Sentence, Table, of
from adapters.rendering.packs.parts import facts_told, period, review_told, risks
from adapters.rendering.promises import promises, score_table
from adapters.rendering.wording import Json, day, percent, score_told, sentence, value
from adapters.rendering.words import NOTHING, in_words, spaced

INCUMBENTS = {"unknown": "", "us": "ours by now", "status_quo": "nobody's by now"}


CONTRACT, HEALTH, SUMMARY = (of(kind, kind) for kind in ("contract", "health", "summary"))


def readout(pack: Json) -> Document:
    state, expansion = pack["state"], pack["expansion"]
    said = pack["said_vs_did"]
    return Document(
        title=f"Read-out: {pack['account_name']}",
        period=period(pack),
        headline=headline(pack),
        remarks=[],
        facts=[
            Fact(
                "ARR",
                value(state["arr"], "arr"),
                f"{pack['currency']}, renews {day(state['renews_on'])}",
                of=CONTRACT("arr") if state["arr"] else None,
            ),
            Fact(
                "health",
                state["health"] or NOTHING,
                day(state["as_of_on"]),
                ours=True,
                of=HEALTH("health") if state["health"] else None,
            ),
            Fact("kept in time", percent(said["score"]["keep_rate"]) if said else NOTHING, "of what was said"),
            Fact("pipeline", value(expansion["pipeline"]["amount"], "amount"), pack["currency"]),
        ],
        sections=[
            Section("decisions", "Decisions required", [decisions(pack["decisions_required"])]),
            Section("state", "How the account fares", [account_state(state)]),
            Section("risks", "Risks", [risks(pack["risks"], pack["currency"])]),
            Section("expansion", "Expansion path", list(expansion_path(expansion, pack["currency"]))),
            Section("rivals", "Who stands in the way", [rivals(pack["rivals"])]),
            Section("said-vs-did", "Said and done", list(said_and_done(said))),
        ],
    )


def headline(pack: Json) -> str:
    required, said = len(pack["decisions_required"]), pack["said_vs_did"]
    asked = {0: "no decision is required", 1: "one decision is required"}.get(
        required, f"{required} decisions are required"
    )
    kept = f"; {score_told(said['score'])}" if said and said["score"]["scored"] else ""
    return sentence(asked + kept)


def decisions(rows: Sequence[Json]) -> Table:
    columns = [Column("What", 8), Column("Asked for at", 4)]
    cells = [
        (
            Cell(row["what"], tone="strong", of=asked("decisions_required")),
            Cell(f"{review_told(row['kind'])} of {day(row['held_on'])}", row["review"], ours=True, of=asked("held_on")),
        )
        for row in rows
        for asked in [of("review", row["review"])]
    ]
    return Table("What executives are asked to decide", columns, cells, "No review asked for a decision.")


def account_state(state: Json) -> Table:
    cover = state["executive_air_cover"]
    return facts_told(
        "What was read last",
        (
            ("What their executives think of us", state["executive_perception"], HEALTH("executive_perception")),
            (
                "Executive cover",
                None if cover is None else "yes" if cover else "no",
                HEALTH("executive_air_cover"),
            ),
            ("Score", value(state["score"]) if state["score"] else None, HEALTH("score")),
            (
                "Expansion ARR",
                value(state["expansion_arr"], "expansion_arr") if state["expansion_arr"] else None,
                HEALTH("expansion_arr"),
            ),
            (
                "Net retention of the last renewal",
                value(state["net_retention"], "net_retention") if state["net_retention"] else None,
                CONTRACT("net_retention"),
            ),
            ("Open issues", "; ".join(state["open_issues"]), HEALTH("open_issues")),
        ),
        "Nobody recorded how the account fares.",
        ours={"Executive cover"},
    )


def expansion_path(path: Json, currency: str) -> Iterator[Block]:
    if path["path"]:
        said = f"{path['path']} (said on {day(path['said_on'])})" if path["said_on"] else path["path"]
        yield Sentence(said, "strong", of("review", path["said_at"])("expansion_path") or SUMMARY("growth_path"))
    else:
        yield Sentence("Nobody said how the account is to grow.", "warning")
    weighted = value(path["weighted_arr_potential"], "arr_potential")
    spend = path["addressable_spend"]
    addressable = f" of {value(spend, 'addressable_spend')} {currency} they spend in all" if spend else ""
    yield Sentence(f"Still to win, by probability: {weighted} {currency}{addressable}.", "quiet")
    columns = [Column("Where", 5), Column(f"ARR, {currency}", 2, right=True), Column("How likely", 2), Column("How", 6)]
    yield Table("The largest openings", columns, [opening(row) for row in path["openings"]], "No cell has a potential.")
    columns = [
        Column("Opportunity", 6),
        Column(f"Amount, {currency}", 2, right=True),
        Column("Closes", 2),
        Column("Stage", 3),
    ]
    yield Table("Open opportunities", columns, [deal(row) for row in path["deals"]], "No opportunity is open.")


def opening(row: Json) -> Sequence[Cell]:
    weighed = (
        in_words(row["bet"], "bet") if row["bet"] else "",
        f"effort {row['effort']}" if row["effort"] else "",
        f"value {row['strategic_value']}" if row["strategic_value"] else "",
        row["timing"] or "",
    )
    how = (
        in_words(row["tactic"], "tactic") if row["tactic"] else "",
        f"by way of {row['sponsor']}" if row["sponsor"] else "",
        row["entry_path"] or "",
    )
    said, assumed = of("cell", row["cell"]), reckoned(row["assumptions"])
    incumbent = INCUMBENTS.get(row["incumbent"], f"now: {row['incumbent']}")
    return (
        Cell(
            f"{row['offering']} in {row['unit']}",
            incumbent,
            "strong",
            of=said("penetration"),
            note_of=said("incumbent"),
        ),
        Cell(
            value(row["arr_potential"], "arr_potential"),
            "".join(word + rest for word, rest in assumed),
            about=assumed,
            of=said("arr_potential"),
            note_of=said("assumptions"),
        ),
        Cell(
            value(row["probability"], "probability"),
            ", ".join(filter(None, weighed)),
            of=said("probability"),
            note_of=said(next((name for name in ("bet", "effort", "strategic_value") if row[name]), "timing")),
        ),
        Cell(
            "; ".join(filter(None, how)) or NOTHING,
            ours=True,
            of=said(next((name for name in ("tactic", "sponsor") if row[name]), "entry_path")),
        ),
    )


def reckoned(assumptions: Json | None) -> list[tuple[str, str]]:
    """Return how a potential was calculated, word by word: `seats` ` 60, `, `price per unit` ` 120`."""
    said = {name: given for name, given in (assumptions or {}).items() if given is not None}
    ends = [", "] * (len(said) - 1) + [""]
    return [
        (spaced(name), f" {value(given, name)}{end}") for (name, given), end in zip(said.items(), ends, strict=False)
    ]


def deal(row: Json) -> Sequence[Cell]:
    kind, said = in_words(row["kind"], "kind") if row["kind"] else "", of("opportunity", row["id"])
    return (
        Cell(
            row["name"],
            ", ".join(filter(None, (kind, row["crm_id"]))),
            "strong",
            of=said("name"),
            note_of=said("kind" if kind else "crm_id"),
        ),
        Cell(value(row["amount"], "amount"), of=said("amount")),
        Cell(
            day(row["close_on"]),
            value(row["probability"], "probability") if row["probability"] else "",
            of=said("close_on"),
            note_of=said("probability"),
        ),
        Cell(row["stage"], "" if row["multi_threaded"] else "hangs on too few people", of=said("stage")),
    )


def rivals(rows: Sequence[Json]) -> Table:
    columns = [Column("Competitor", 4), Column("Our angle", 5), Column("Theirs, and our answer", 5), Column("Traps", 4)]
    return Table("Competitors that have not gone", columns, [rival(row) for row in rows], "No competitor is known.")


def rival(row: Json) -> Sequence[Cell]:
    where = f"({', '.join(row['entrenched_in'])})" if row["entrenched_in"] else ""
    answers = "; ".join(f"{each['asset']}: {each['answer']}" for each in row["neutralise"])
    avoid = f"avoid: {'; '.join(row['traps_to_avoid'])}" if row["traps_to_avoid"] else ""
    said = of("competitor", row["id"])
    proof = f"proof: {', '.join(row['proof_assets'])}" if row["proof_assets"] else ""
    return (
        Cell(
            row["name"],
            " ".join(filter(None, (row["position"], where))),
            "strong",
            about=[(row["position"], f" {where}")] if row["position"] and where else [],
            of=said("name"),
            note_of=said("position" if row["position"] else "entrenched_in"),
        ),
        Cell(
            row["displacement_angle"] or "none yet",
            proof,
            "" if row["displacement_angle"] else "warning",
            of=said("displacement_angle"),
            note_of=said("proof_assets"),
        ),
        Cell(answers or NOTHING, row["note"] or "", of=said("neutralise"), note_of=said("note")),
        Cell("; ".join(row["traps_to_set"]) or NOTHING, avoid, of=said("traps_to_set"), note_of=said("traps_to_avoid")),
    )


def said_and_done(said: Json | None) -> Iterator[Block]:
    if said is None:
        yield Sentence("No review was held before, so there is nothing to compare with.", "quiet")
        return
    if not said["score"]["scored"]:
        yield Sentence(f"Nothing that was said on {day(said['since']['date'])} was due by now.", "quiet")
        return
    yield score_table(f"Since {day(said['since']['date'])}", "Promises", [("Said", said["score"])], ours=True)
    yield promises(said["to_explain"], "What needs an explanation", "All that was due was kept.")
