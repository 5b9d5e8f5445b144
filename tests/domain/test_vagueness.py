"""Statements by which nobody could tell whether they came true are marked, and no others."""

from domain.vagueness import is_vague
from tests.cases import for_each

VAGUE = """
TBD
t.b.d.
To do
Todo: tbc
n/a
None
???
—
Next steps
Discuss next steps
Agree on next steps with the customer
Increase adoption
Drive adoption
Drive adoption and usage across the business
Work on the account
Explore options
Explore further opportunities
Follow up
Follow up with the customer
Deepen the relationship
Build stronger relationships with key stakeholders
Grow the account
Grow revenue
Improve communication
Add value
Touch base
Touch base with the client
Stay close to the customer
Keep in touch
Support the customer
Engage more stakeholders
Align with the team
Ensure customer satisfaction
Understand the customer's needs
Identify new opportunities
Continue the good work
Strategic partnership
Be more proactive
Create synergies
Regular check-ins
Thema klären
Offen
k. A.
Noch offen
Nächste Schritte
Nächste Schritte besprechen
Nächste Schritte abstimmen
Beziehung vertiefen
Die Beziehung zum Kunden vertiefen
Beziehungen ausbauen und pflegen
Nutzung steigern
Akzeptanz erhöhen
Kunden betreuen
Am Account arbeiten
Möglichkeiten ausloten
Optionen prüfen
Potenziale heben
Zusammenarbeit verbessern
Umsatz steigern
Dranbleiben
"""

GOOD = """
Send the offer for line B
Send the offer
Sign the renewal
Win the pilot in Lyon
Meet the new CFO before the board sits
Get a slot on the agenda of the works council
Introduce Nia to the plant manager
Renew the contract by 31 March
Raise ARR to 1.2 million
Increase adoption to 400 users
Increase adoption in the Malmö plant
Deepen the relationship with Anna Berg
Discuss next steps with Mr Okafor
Explore options for a second warehouse
Work on the account of Halden Stores
Name an economic buyer
Map the procurement department
Find a sponsor in the finance department
Replace the spreadsheet of the planners
Publish the case study
Train thirty supervisors
Run a workshop on rework
Demonstrate the benchmark pack to the head of operations
Reduce scrap below 2 %
Cut onboarding from ten days to four
Close ticket 4711
Deliver the security questionnaire
Agree the price list for 2027
Get the legal department's signature
Have the invoice of May paid
Invite the dispatchers to the user conference
Review the plan on Tuesday
Call Berlin
Ask procurement for the tender calendar
Write the business case with the controller
Prove that the gateway holds 10,000 messages a second
Two references from the retail banner
A second buyer in the Nordic region
Launch in Portugal
Migrate the last warehouse
Angebot für Linie B senden
Angebot senden
Vertrag bis 31. März verlängern
Umsatz auf 1,2 Mio. € steigern
Nutzung im Werk Malmö steigern
Beziehung zu Anna Berg vertiefen
Nächste Schritte mit Frau Okafor besprechen
Die neue Finanzvorständin treffen
Pilot in Lyon gewinnen
Einkauf nach dem Ausschreibungskalender fragen
Budget für die zweite Halle sichern
Betriebsrat informieren
Referenzbesuch im Lager Kassel
Ausschuss unter 2 % senken
Schulung für dreißig Meister durchführen
Sicherheitsfragebogen ausfüllen
Ticket 4711 schließen
Rechnung vom Mai anmahnen
Workshop zur Nacharbeit halten
Entscheider am Montag anrufen
"""


def lines(table: str) -> list[str]:
    return table.strip().split("\n")


@for_each("statement", lines(VAGUE))
def test_a_statement_without_object_name_number_or_date_is_vague(statement):
    assert is_vague(statement)


@for_each("statement", lines(GOOD))
def test_a_statement_with_one_of_them_is_not(statement):
    assert not is_vague(statement)


def test_the_tables_hold_120_statements():
    assert (len(set(lines(VAGUE))), len(set(lines(GOOD)))) == (60, 60)
