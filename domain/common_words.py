"""Common words that are also names of people. Alone they do not identify anybody. English and German, without case and
accents."""

COMMON_WORDS = frozenset(
    # English
    "amber angel april art august autumn ball bank banks bar base bay beach bell best bill bird black blue bold"
    " bond bridge bright brook brown bush camp carol case cash chance chase chip church clay cliff close coin"
    " cook cost cross crown current daily dawn day days dean deal dear dollar drew early east even fair faith"
    " fall field fields fine first fish floor flower ford forest frame france frank free friend frost full gate"
    " gates gene glass gold golden good grace grand grant gray great green grey ground grove guy hall hand hard"
    " hay head heart high hill holiday home hope house hunt ice iron ivory ivy jack joy judge june just justice"
    " keen key king knight lake lane large law leader leaf light lily link little long lord love low mail major"
    " man manual march mark market marks may mercy merit mine miner minor mint moon more morning most name new"
    " next nice noble norm north oak old olive open page pages park part pat peace penny pepper pilot place plan"
    " plant point pole pool post power press price pride prime prince queen quick rain ray read ready real red"
    " rich right ring rise river road rob rock rose round rule rush safe sage sales sand sandy sharp short silver"
    " skip sky small smart snow song south spring star state steel sterling stock stone store storm street strong"
    " sue summer sun swift table temple time top town trade trip true trust vale view wall water wave way week"
    " west white wild will win winter wise wish wood work young"
    # German
    " abend alt amt anfang arbeit arm bach bad bahn bau baum beginn berg blau boden braun breit brucke bund burg"
    " dank deutsch dorf ecke ehre eis ende engel erde erfolg ernst fach feld fest feuer frei freitag freund"
    " frisch froh fruh garten gast geist geld gluck grau gross grun gut hart haupt haus heiss held hell herbst"
    " herz himmel hoch hof holz horn jahr jung kalt kasse kern kirche klar klein klug kopf kraft kreis kreuz"
    " krone krug kunde kunst kurz lager land lang lange laut leben licht lieb lohn luft lust macht mai markt marz"
    " meister mittag mitte montag morgen nacht neu nord offen ost platz preis rang rat raum recht reich reif rein"
    " rot ruhe saft satz schatz schiff schloss schnee schnell schon schritt schuh schutz schwarz see sommer sonne"
    " sonntag spiegel spitz stadt stahl stark stein stern stolz strasse sturm sud tag tal teich teil tisch tor"
    " treu voll wache wald wand wasser weg weich wein weiss weit welt wende wert wetter wolke wort wunsch zahl"
    " zeit ziel zimmer zorn zug".split()
)
