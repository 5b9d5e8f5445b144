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
Deepen ties
Talk
Have a chat
Grab coffee
Catch-up call
Schedule a meeting
Set up a call
Send email
Check in
Circle back
Loop back
Ping them
Reach out
Reach out to the customer
Nudge
Chase up
Brainstorm
Ideate
Explore synergies
Be visible
Be present
Show presence
Penetrate the account
Land and expand
Win more business
Sell more
More revenue
Upsell
Cross-sell
Make progress
Progress the deal
Move the deal forward
Advance the opportunity
Keep the ball rolling
Keep momentum
Maintain relationship
Monitor situation
Watch this space
Await feedback
Wait for reply
Further steps to be defined
To be decided
To be confirmed
To be agreed
TBD by team
t.b.c
n.a.
-
...
!!!
test
Improve things
Do better
Better alignment
Clarify open points
Resolve open issues
Value proposition
Value selling
Customer success
Drive outcomes
Drive value realisation
Increase stickiness
Increase usage significantly
Improve NPS
Boost adoption
Accelerate growth
Foster trust
Get closer to decision makers
Meet decision makers
Build champions
Executive engagement
Multi-threading
Gain mindshare
Meeting
Workshop
Call
Follow-up
Weiter so
Am Ball bleiben
Kontakt halten
Telefonieren
Termin vereinbaren
Termin ausmachen
Mail schicken
Abwarten
Mal sehen
Schauen wir mal
In Kontakt bleiben
Beziehungspflege
Netzwerken
Gespräche führen
Mehr Umsatz machen
Themen besprechen
Offene Punkte klären
noch zu klären
Noch zu definieren
wird nachgereicht
folgt
in Arbeit
in Klärung
Präsenz zeigen
Vertrauen aufbauen
Entscheider kennenlernen
Entscheider treffen
Zusammenarbeit intensivieren
Kundenzufriedenheit verbessern
Wachstum fördern
Unterstützung anbieten
Hilfe anbieten
Regelmäßige Abstimmung
Weiteres Vorgehen abstimmen
Nutzen aufzeigen
Mehrwert aufzeigen
Lösungen anbieten
Get buy-in
Get internal buy-in
Drive engagement across the organisation
Keep stakeholders warm
Warm up the relationship
Expand footprint
Expand our footprint in the account
Grow share of wallet
Become a trusted advisor
Be a trusted partner
Position ourselves as strategic partner
Increase touchpoints
Have regular calls
Weekly calls
Quarterly check-in
Improve collaboration with all departments
Improve satisfaction levels
Reduce risk
Mitigate risks
Manage expectations
Remove blockers
Unblock the situation
Address concerns
Fix issues
Solve the problem
Help them succeed
Make them successful
Make the customer happy
Enable the users
Educate the customer
Raise awareness
Show value
Demonstrate value
Prove value
Deliver value
Deliver on promises
Ensure success
Ensure renewal
Secure the renewal
Prepare for renewal
Plan next steps
Plan ahead
Finalize the plan
Work on it
Work in progress
Ongoing
As discussed
See above
See notes
Same as last month
No change
Business as usual
Stay tuned
Await decision
Waiting for customer
Waiting on feedback
Customer to decide
Customer to revert
Get back to them
Ask for feedback
Gather requirements
Clarify requirements
Collect ideas
Develop a strategy
Define the strategy
Create a plan
Build a roadmap
Kick off the project
Start the project
Continue the project
Optimise processes
Leverage our network
Use synergies
Think about options
Look into it
Figure it out
More visibility
Better communication
Closer cooperation
Long-term partnership
Sustainable growth
Profitable growth
Beziehung stärken
Beziehungsaufbau
Vertrauen stärken
Kunden begeistern
Kunden glücklich machen
Kunde zufriedenstellen
Bessere Kommunikation
Engere Zusammenarbeit
Langfristige Partnerschaft
Themen vorantreiben
Projekt weiterführen
Projekt starten
Projekt begleiten
Strategie entwickeln
Strategie abstimmen
Plan erstellen
Konzept erstellen
Anforderungen sammeln
Bedarf ermitteln
Bedarf klären
Feedback einholen
Rückmeldung abwarten
Warten auf Rückmeldung
Auf Antwort warten
Antwort ausstehend
Läuft
Läuft noch
In Bearbeitung
In Planung
Wie besprochen
Siehe oben
Keine Änderung
Nichts Neues
Alles gut
Gute Stimmung
Risiken minimieren
Probleme lösen
Erwartungen managen
Umsatzwachstum
Mehr verkaufen
Cross-Selling
Potenzial ausschöpfen
Sichtbarkeit erhöhen
Regelmäßiger Austausch
Austausch intensivieren
Kontakte knüpfen
Kontakte ausbauen
Netzwerk erweitern
Einfach mal anrufen
Nachhaken
Nachfassen beim Kunden
Weitere Termine
Termin finden
Workshop machen
Mehrwert schaffen
Nutzen stiften
Abstimmen
Vorbereitung
Sonstiges
Nurture the account
Strengthen our position
Look for upsell potential
Further develop the account
Get a better understanding of their needs
Have a conversation with the team
Create more touchpoints
Engage the right people
Talk to more people
Be closer to the business
Push harder
Keep pushing
Speed things up
Stay on top of things
Catch up soon
Explore collaboration
Re-engage
Rebuild trust
Restore confidence
Keep everyone informed
Share best practices
Communicate better
Work more closely together
Make it work
Get things going
Continue as planned
Define success criteria
Clarify roles and responsibilities
Monitor closely
Follow through
Increase penetration
Higher adoption
Drive change
Value creation
Customer intimacy
Thought leadership
Account growth
Relationship building
Networking
Maintain status quo
Beziehungen pflegen
Kontakt aufrechterhalten
Den Kunden besser verstehen
Mehr Nähe zum Kunden
Gemeinsam Lösungen finden
Stärkere Bindung
Gute Zusammenarbeit fortsetzen
Ansprechpartner identifizieren
Weitere Ansprechpartner finden
Klären, wie es weitergeht
Schauen, was geht
Wird noch besprochen
Muss noch geklärt werden
Status abfragen
Stand der Dinge erfragen
Verkaufschancen nutzen
Neue Chancen erschließen
Kundenzufriedenheit sicherstellen
Erfolg messen
Fortschritt überwachen
Akzeptanz schaffen
Bewusstsein schaffen
Unterstützung sichern
Zusammenarbeit auf neue Ebene heben
Vertriebsaktivitäten verstärken
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
Tour of the Linz depot
Pilot on line B
Sign the MSA
Get the DPA signed
Benchmark against Rival
Security review passed
Demo for the maintenance crew
Send ROI model to CFO
Renew contract
Win the tender
Close the Graz site
Meet Jane
Call Jane
Introduce Ben to the CIO
Replace Siemens at the press shop
Train the night shift
Integrate SAP
SAP integration live
Migrate to the cloud
Reference call with Voestalpine
Case study published
Vertrag unterschreiben lassen
Werksführung in Linz
Pilot in der Lackiererei
SAP anbinden
Schulung der Nachtschicht
Angebot an den Einkauf schicken
Angebot schicken
Budget freigeben lassen
Datenschutzvertrag unterzeichnet
Referenzbesuch bei Voest
Workshop mit Einkauf
QBR held
QBR vorbereiten
NPS above 40
Uptime 99,9 %
Board paper submitted
Audit passed
Access to the data warehouse
Legal sign-off
Purchase order received
Bestellung eingegangen
Price list sent
Freeze lifted
Proof of value in the paint shop
Retire Excel sheets
Single sign-on for all plants
Order ten licences
API keys handed over
Invite the works council
Lunch with the plant manager
Betriebsrat einladen
Mittagessen mit dem Werksleiter
二人に会う
Встреча с директором завода
Réunion avec le directeur de l'usine
Visite du site de Lyon
Move the kick-off to Monday
Install the sensor
Open an account in Vienna
Get a second sponsor
Talk to procurement
Talk to legal
Map the board
Budget approved for the second hall
Steering committee agrees the rollout plan for Kassel
Security audit by TÜV passed
CFO approves the business case
Procurement lists us as supplier
NDA signed
Framework agreement signed
Data export from Oracle
Dashboard for the shift leads
Interview five supervisors
Site visit in Brno
Speak at the customer day in Malmö
Renewal quote sent
Legal review of clause nine
Replace Cognex cameras
Rollout to the Polish plants
Hire a local partner in Poznań
Contract with the works council
Access for the night shift
Invoice paid
Ramp down Excel
Whitepaper with the research team
Training material in Portuguese
Reactivate the champion in logistics
Get a reference from Volvo
Escalate the outage to engineering
Meet the CIO
Ask Maria for the org chart
Hackathon with IT
Second pilot line
Freigabe durch den Betriebsrat
Vorstandsvorlage einreichen
Kamera an Linie B montieren
Rahmenvertrag unterschrieben
Lieferantenfreigabe vom Einkauf
Dashboard für Schichtleiter
Besuch im Werk Brünn
Referenz von Volvo
Angebot nachbessern
Preisliste schicken
Zweite Pilotlinie
Organigramm von Maria holen
Rechnung bezahlt
IT-Sicherheit prüft die Schnittstelle
Lizenzen nachbestellen
Sondermaschine in Betrieb nehmen
Stammdaten migrieren
Testsystem aufsetzen
Messe Hannover
Vertrag mit dem Konzerneinkauf
Sign the lease
Paint shop pilot
Offer for Hall
Call the controller
Send pricing
Order signed
Win the RFP
RFP submitted
Contract signed
Approve budget
Budget approved
Get budget
Security questionnaire returned
Install gateways
Train users
Train trainers
Migrate data
Go live
Reference customer agreed to speak
Board approval
Works agreement
Data protection agreement
Write RFP answer
Proof of concept
Pilot
Vertrag unterschreiben
Budget freigeben
Pilot starten
Ausschreibung gewinnen
Gateways installieren
Anwender schulen
Datenschutzvereinbarung
Angebot abgeben
Bestellung auslösen
Go-live
"""


def lines(table: str) -> list[str]:
    return table.strip().split("\n")


@for_each("statement", lines(VAGUE))
def test_a_statement_without_object_name_number_or_date_is_vague(statement):
    assert is_vague(statement)


@for_each("statement", lines(GOOD))
def test_a_statement_with_one_of_them_is_not(statement):
    assert not is_vague(statement)


def test_the_tables_hold_more_than_the_120_statements_that_were_promised():
    assert (len(set(lines(VAGUE))), len(set(lines(GOOD)))) == (380, 209)


def test_a_letter_is_taken_off_the_end_of_a_word_only_where_it_stands_twice():
    assert [is_vague(word) for word in ("Plan", "Planning", "Planned")] == [True] * 3
    assert [is_vague(word) for word in ("Planting", "Planted")] == [False] * 2
