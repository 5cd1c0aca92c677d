"""Made text: sentences on five topics in five languages, the same for the same dice."""

from __future__ import annotations

from random import Random

_NOUNS: dict[tuple[str, str], str] = {
    ("baking", "en"): "sourdough starter|rye flour|crumb|oven stone|proofing basket|crust|dough "
    "temperature|spelt loaf|brioche|croissant layers|banneton|yeast|hydration|bread knife|"
    "laminated pastry|scone|malt syrup|baguette|flour mill|baking steel",
    ("cycling", "en"): "chainring|gravel bike|spoke tension|saddle height|touring route|derailleur|"
    "commuter bike|tubeless tyre|bottom bracket|climb|headwind|brake pads|handlebar tape|cassette|"
    "pannier|wheel hub|audax ride|frame geometry|bike lane|puncture",
    ("astronomy", "en"): "telescope mirror|variable star|comet tail|lunar crater|eyepiece|nebula|"
    "meteor shower|globular cluster|light curve|equatorial mount|dark sky|double star|eclipse|"
    "planet transit|star chart|galaxy arm|collimation|finder scope|aurora|occultation",
    ("gardening", "en"): "compost heap|tomato seedling|raised bed|hedgerow|mulch|rose pruning|seed "
    "drill|cold frame|leaf mould|bean trellis|herb spiral|soil acidity|bulb planting|greenhouse|"
    "pollinator strip|watering can|perennial border|potting shed|garlic bed|slug barrier",
    ("music", "en"): "fiddle tune|organ pipe|reed making|brass mouthpiece|choir rehearsal|vinyl "
    "pressing|chord voicing|bow rosin|oboe reed|folk session|hymn setting|tuning fork|guitar neck|"
    "counterpoint|drum skin|part song|slow air|practice room|sheet music|valve oil",
    ("general", "en"): "list of sites|notebook|reading room|small web|link collection|editor|"
    "monthly letter|archive shelf|reader|index card|personal page|club bulletin",
    ("baking", "de"): "Sauerteig|Roggenmehl|Krume|Gärkorb|Backstein|Kruste|Dinkelbrot|Hefezopf|"
    "Vorteig|Brezel|Brotmesser|Laugengebäck|Mühle|Teigruhe",
    ("cycling", "de"): "Laufrad|Kette|Speiche|Radweg|Sattelhöhe|Schaltung|Gepäckträger|Rennrad|"
    "Bergfahrt|Bremse|Reifendruck|Rahmen|Tretlager|Radtour",
    ("astronomy", "de"): "Fernrohr|Sternhaufen|Mondkrater|Komet|Okular|Nebel|Sternkarte|Finsternis|"
    "Doppelstern|Sternwarte|Milchstraße|Montierung|Planet|Meteorstrom",
    ("music", "de"): "Gitarre|Akkord|Saite|Notenblatt|Stimmung|Griffbrett|Volkslied|Zupftechnik|"
    "Hauskonzert|Melodie|Taktart|Resonanzboden|Capo|Übungsplan",
    ("baking", "fr"): "levain|farine de seigle|mie|croûte|four à bois|brioche|pâte feuilletée|"
    "pétrissage|baguette|fournil|pain complet|pousse lente|beurre|moulin",
    ("cycling", "fr"): "col de montagne|vélo de route|dérailleur|piste cyclable|roue|selle|sacoche|"
    "guidon|chaîne|étape|randonnée|pneu|plateau|descente",
    ("astronomy", "fr"): "télescope|nébuleuse|amas ouvert|étoile double|oculaire|comète|ciel noir|"
    "galaxie|carte du ciel|éclipse|cratère|monture|planète|observatoire",
    ("gardening", "fr"): "potager|compost|semis|haie vive|paillage|taille des rosiers|serre|massif|"
    "arrosoir|terreau|verger|plante vivace|jardin partagé|graine",
    ("cycling", "es"): "bicicleta|puerto de montaña|cadena|rueda|carril bici|sillín|manillar|etapa|"
    "cambio|neumático|alforja|freno|ruta|pedal",
    ("gardening", "es"): "huerto|compost|semillero|tomatera|riego|maceta|acolchado|invernadero|"
    "bancal|abono|hierbabuena|cosecha|terraza|semilla",
    ("music", "es"): "copla|guitarra|cancionero|ronda|estribillo|laúd|acorde|melodía|compás|voz|"
    "romance|percusión|partitura|ensayo",
    ("baking", "ja"): "天然酵母|ライ麦粉|食パン|発酵|焼き色|生地|石窯|粉の香り|クロワッサン|全粒粉",
    ("astronomy", "ja"): "望遠鏡|流星群|星雲|月面|彗星|星図|接眼レンズ|天の川|惑星|観測会",
    ("gardening", "ja"): "苔庭|盆栽|堆肥|剪定|種まき|石組み|花壇|水やり|竹垣|若葉",
}
_VERBS = (
    "changes|improves|rewards|needs|follows|shapes|carries|explains|surprises|outlasts|balances"
)
_ADJECTIVES = (
    "patient|careful|local|seasonal|quiet|sturdy|inexpensive|old|forgotten|reliable|modest|handmade"
)
_SENTENCES: dict[str, tuple[str, ...]] = {
    "en": (
        "The {a} {n} {v} every {m} that we have tried since {w}.",
        "In {w} our members compared the {n} with a {a} {m}, and wrote down what they saw.",
        "Nobody needs a {a} {n} to begin; a {m} and some patience are enough.",
        "What we learned about the {n} is that it {v} the {m} more than any book says.",
        "Keep the {n} away from the {m} for an hour, then look again with {a} eyes.",
        "A {a} {m} costs little, while a neglected {n} costs a whole season.",
        "Last {w} we measured the {n} twice and found the {m} half as important as we thought.",
        "Ask three people about the {n} and you will hear four opinions on the {m}.",
    ),
    "de": (
        "Der Umgang mit {n} ist im {w} anders, weil auch {m} eine Rolle spielt.",
        "Wir haben {n} und {m} über viele Wochen verglichen und alles notiert.",
        "Wer mit {n} anfängt, braucht für {m} noch etwas Geduld.",
        "Nach dem {w} wird {n} oft wichtiger als {m}, das sagen viele aus dem Verein.",
        "Für {m} gilt eine einfache Regel: erst {n} prüfen, dann weitermachen.",
    ),
    "fr": (
        "Pour bien choisir {n}, il faut regarder aussi {m} avec patience.",
        "Nous avons comparé {n} et {m} pendant tout {w}, sans rien oublier.",
        "Avec {n}, les premiers essais sont difficiles, mais {m} aide beaucoup.",
        "Dans notre atelier, {n} passe toujours avant {m}.",
        "Depuis {w}, {m} nous apprend à mieux comprendre {n}.",
    ),
    "es": (
        "Para cuidar {n} hace falta también conocer {m} desde el principio.",
        "Durante {w} comparamos {n} con {m} y lo anotamos todo.",
        "Quien empieza con {n} aprende pronto que {m} es muy importante.",
        "En nuestro grupo {n} siempre va antes que {m}.",
        "Sobre {m} hay muchas opiniones, pero {n} no engaña.",
    ),
    "ja": (
        "{w}の{n}はとても楽しく、{m}についても多くのことを学びました。",
        "初めての方は{n}から始めて、次に{m}を試してみてください。",
        "{m}と{n}の関係を、一年かけて記録しています。",
        "今日は{n}の手入れをしながら、{m}の様子を見ました。",
    ),
}
_WHEN = {
    "en": "spring|autumn|January|the wet summer|the long winter|October|the first frost",
    "de": "Frühling|Herbst|Winter|Oktober|Sommer",
    "fr": "le printemps|l'automne|l'hiver|le mois d'octobre",
    "es": "la primavera|el otoño|el invierno|el mes de octubre",
    "ja": "春|秋|冬|十月",
}
_TITLES: dict[str, tuple[str, ...]] = {
    "en": ("Notes on the {n}", "A {a} guide to the {n}", "{N} and {m}", "Why the {n} matters",
           "{N}: a field report", "Our {a} {n}", "From {n} to {m}"),
    "de": ("Alles über {n}", "{N} und {m}", "{N} im Alltag", "Kleine Schule: {n}"),
    "fr": ("Petit guide : {n}", "{N} et {m}", "Autour du thème {n}", "Carnet : {n}"),
    "es": ("Apuntes sobre {n}", "{N} y {m}", "Guía breve: {n}", "Cuaderno de {n}"),
    "ja": ("{n}の記録", "{n}と{m}", "はじめての{n}"),
}  # fmt: skip
_LEADS: dict[str, tuple[str, ...]] = {
    "en": ("There is more on this at", "We first read about it in", "A good account is", "Compare",
           "Others came to the same result, see", "Many thanks to"),
    "de": ("Mehr dazu steht bei", "Lesenswert ist auch", "Vergleiche dazu"),
    "fr": ("À lire aussi :", "On trouve la suite chez", "Voir également"),
    "es": ("Más detalles en", "También merece la pena leer", "Compárese con"),
    "ja": ("詳しくはこちら：", "参考にした記事：", "あわせて読みたい："),
}  # fmt: skip


def nouns(topic: str, language: str) -> list[str]:
    """The topic's words in a language, English where it has none of its own."""
    return (_NOUNS.get((topic, language)) or _NOUNS[topic, "en"]).split("|")


def _fill(template: str, topic: str, language: str, dice: Random) -> str:
    noun, other = dice.sample(nouns(topic, language), 2)
    return template.format(
        n=noun,
        N=noun[:1].upper() + noun[1:],
        m=other,
        a=dice.choice(_ADJECTIVES.split("|")),
        v=dice.choice(_VERBS.split("|")),
        w=dice.choice(_WHEN[language].split("|")),
    )


def title(topic: str, language: str, dice: Random) -> str:
    """An article's headline."""
    return _fill(dice.choice(_TITLES[language]), topic, language, dice)


def paragraph(topic: str, language: str, dice: Random, *, sentences: int = 4) -> str:
    """Some sentences that belong together as well as made ones can."""
    made = [
        _fill(dice.choice(_SENTENCES[language]), topic, language, dice) for _ in range(sentences)
    ]
    return ("" if language == "ja" else " ").join(made)


def lead(language: str, dice: Random) -> str:
    """The words before an editorial link."""
    return dice.choice(_LEADS[language])


def here(language: str) -> str:
    """The anchor that says nothing."""
    return {"de": "hier", "fr": "ici", "es": "aquí", "ja": "こちら"}.get(language, "here")
