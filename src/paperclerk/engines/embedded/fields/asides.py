"""What the small words beside a value in a sentence tell: what it counts (`30 days`), which of two it is (`from $5 to
$6`), which end of a time (`starting`, `runs out on`, `no later than`). Called by `sentences`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Literal

from paperclerk.engines.embedded.asked.profile import Profile
from paperclerk.engines.embedded.words import phrases

End = Literal["start", "end", "by", "birth"]
Turn = Literal["old", "new"]
Words = Mapping[int, str]  # stems by position

_UNITS: Mapping[str, frozenset[str]] = {
    "day": phrases.word_set("days tage tagen werktage arbeitstage jours dias giorni dagen"),
    "week": phrases.word_set("weeks wochen semaines semanas settimane weken"),
    "month": phrases.word_set("months monate monaten mois meses mesi maanden"),
    "year": phrases.word_set("years jahre jahren ans annees anos anni jaar jaren"),
    "hour": phrases.word_set("hours stunden heures horas ore uren"),
    "minute": phrases.word_set("minutes minuten minutos minuti"),
}
_ONE: Mapping[str, frozenset[str]] = {
    "day": phrases.word_set("day tag jour dia giorno dag"),
    "week": phrases.word_set("week woche semaine semana settimana"),
    "month": phrases.word_set("month monat mes mese maand"),
    "year": phrases.word_set("year jahr annee ano anno"),
    "hour": phrases.word_set("hour stunde heure hora ora"),
    "minute": phrases.word_set("minute minuto"),
}
_LEAST = 5  # letters of a unit that ends a compound: Urlaubstage
NUMERALS = {
    word: value
    for value, words in {
        2: "two zwei deux dos due twee", 3: "three drei trois tres tre drie", 4: "four vier quatre cuatro quattro",
        5: "five funf cinq cinco cinque vijf", 6: "six sechs seis sei zes", 7: "seven sieben sept siete sette zeven",
        8: "eight acht huit ocho otto", 9: "nine neun neuf nueve nove negen", 10: "ten zehn dix diez dieci tien",
        12: "twelve zwolf douze doce dodici twaalf", 14: "fourteen vierzehn quatorze catorce quattordici veertien",
        15: "fifteen quinze quince quindici", 18: "eighteen achtzehn dieciocho",
        20: "twenty zwanzig vingt veinte venti", 24: "vierundzwanzig veinticuatro",
        30: "thirty dreissig trente treinta trenta dertig", 60: "sixty soixante sesenta",
        90: "ninety neunzig noventa",
    }.items()
    for word in words.split()
}  # fmt: skip


@lru_cache(maxsize=16384)
def unit_in(word: str, *, one: bool = False) -> str | None:
    """The unit of time that a folded word names many of, or ends in as a compound; `one` allows the singular too."""
    for unit, many in _UNITS.items():
        if word in many or (one and word in _ONE[unit]):
            return unit
        if any(len(m) >= _LEAST - 1 and len(word) > len(m) + 2 and word.endswith(m) for m in many):
            return unit
    return None


def is_unit(word: str) -> bool:
    """Whether a word is the name of a unit, in one or many."""
    return any(word in _UNITS[unit] or word in _ONE[unit] for unit in _UNITS)


def without_unit(word: str, unit: str | None) -> str:
    """A compound without the unit that it ends in: `Urlaubstage` asks for Urlaub."""
    ends = _UNITS[unit] | _ONE[unit] if unit is not None else ()
    tail = max((m for m in ends if word.endswith(m) and len(word) > len(m) + 2), key=len, default="")
    return word.removesuffix(tail).removesuffix("s") if tail else word


def unit_asked(profile: Profile) -> str | None:
    """The unit that a field counts, by its name: `notice_days`, `Probezeit (Monate)`."""
    if profile.want not in ("integer", "number"):
        return None
    said = phrases.tokens(phrases.name_words(f"{profile.field.name} {profile.field.title}"))
    return next((unit for w in said if (unit := unit_in(w))), None)


def unit_behind(words: Words, to: int) -> str | None:
    """The unit behind a value that ends at position `to`: `15 days`, `29 Arbeitstage`, `30 calendar days`."""
    return next((unit for at in (to, to + 1, to + 2) if (unit := unit_in(words.get(at, ""), one=True))), None)


_FROM = phrases.word_set("from von de du da van desde dal")
_TO = phrases.word_set("to auf a au naar para al")
_OLD = phrases.word_set(
    "current old previous former present prior bisherige bisheriger bisherig alt alte alter aktuelle aktuell actuel "
    "actuelle ancien ancienne actual anterior attuale precedente vecchio huidige oud oude atual antigo"
)
_NEW = phrases.word_set(
    "new revised neu neue neuer neues nouveau nouvelle nuevo nueva nuovo nuova nieuw nieuwe novo nova"
)


def turn_asked(profile: Profile) -> Turn | None:
    """Which side of a change a field asks for: `current_rent`, `new_rent`."""
    said = profile.called
    return "old" if said & _OLD else "new" if said & _NEW else None


def turn_of(words: Words, at: int, to: int, before: int | None, after: int | None) -> Turn | None:
    """Which side of a change a value at positions `at:to` is; `before` and `after` are where the one before it ends
    and the one behind it begins."""
    if words.get(at - 1) in _FROM and after is not None and after - to == 2 and words.get(to + 1) in _TO:
        return "old"
    if words.get(at - 1) in _TO and before is not None and at - before == 2:
        return "new"
    return None


_ENDS: Mapping[End, frozenset[str]] = {
    "start": phrases.word_set(
        "start effective commence commencing beginn beginnt beginnen ab debut debute partir compter effet desde "
        "inicio inicia decorrere decorrenza inizio ingang ingaande wirkung since seit"
    ),
    "end": phrases.word_set(
        "end expiry expire expiring terminate until through out endet ende auslauft lauft jusqu fin hasta vence "
        "finaliza caduca scade termina eindigt loopt bis"
    ),
    "by": phrases.word_set(
        "by before than until bis zum avant jusqu tard antes hasta entro voor uiterlijk spatestens"
    ),
    "birth": phrases.word_set("born geboren ne nee nacido nacida nato nata nascido nascida"),
}  # fmt: skip
_ENDS_ASKED: Mapping[End, frozenset[str]] = {
    "start": phrases.word_set("effective start commencement commence beginn inicio debut inizio"),
    "end": phrases.word_set("end expiry expire termination fin ende valid until bis gultig valido valide"),
    "by": phrases.word_set(
        "deadline by limite frist scadenza plazo respond response reply reponse respuesta risposta antwort antwoord"
    ),
    "birth": phrases.word_set(
        "birth birthdate geburt geburtsdatum naissance nacimiento nascita geboorte nascimento born"
    ),
}
_NEAR = 3  # words before a date that tell which end it is


def end_asked(profile: Profile) -> End | None:
    """Which end of a time a date is asked for."""
    said = set(phrases.stems(phrases.name_words(f"{profile.field.name} {profile.field.title}")))
    said |= profile.called
    if profile.side:
        return profile.side
    if any(w.endswith("frist") for w in said):
        return "by"
    return next((end for end, words in _ENDS_ASKED.items() if said & words), None)


def ends_of(words: Words, at: int, floor: int) -> frozenset[End]:
    """The ends that the words right before position `at`, none of them before `floor`, say it is."""
    near = {words[i] for i in range(max(floor, at - _NEAR), at) if i in words}
    return frozenset(end for end, said in _ENDS.items() if near & said)


def says_end(end: End) -> frozenset[str]:
    """The words of a field's name that only say which end is asked for."""
    return _ENDS_ASKED[end]


def says_turn(turn: Turn) -> frozenset[str]:
    """The words of a field's name that only say which side of a change is asked for."""
    return _OLD if turn == "old" else _NEW
