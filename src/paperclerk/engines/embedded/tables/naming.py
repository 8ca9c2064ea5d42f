"""How well a printed heading names a property of a schema. Called by `columns`, `groups` and `details`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache

from paperclerk.engines.embedded.tables.roles import fold, roles_of, roles_of_label, stems, words_of
from paperclerk.engines.embedded.words.phrases import abbreviates
from paperclerk.engines.embedded.words.thesaurus import meant_by, says
from paperclerk.schemas.compiled import Field

ALIKE = 0.85  # how much another word of the same meaning counts
OWNED = 0.65  # how much a heading counts that also says what the array is of
_LITTLE = frozenset({"on", "at"})  # `collected_on`
_PLAIN = frozenset({"name", "title", "description", "item", "label"})


def likeness(field: Field, label: str) -> float:
    """How well a printed heading names a property, 0..1: by its own words, or by a role they share."""
    return called(field).likeness(label)


@dataclass(frozen=True, eq=False)
class Called:
    """What a property is called, made ready once for all headings: the words of its name; `own`, the stems of name
    and title; `told`, those of its description; `owner`, those of its object, and whether its name alone
    says nothing (`plain`); its roles."""

    name: str
    own: frozenset[str]
    told: frozenset[str]
    owner: frozenset[str]
    plain: bool
    roles: Mapping[str, float]

    def likeness(self, label: str) -> float:
        """How well a heading names the property, 0..1."""
        return _likeness(self, label)


def called(field: Field) -> Called:
    owner = field.path[field.path.index("[]") - 1] if "[]" in field.path[1:] else ""
    return _made_ready(field.name, field.title, field.description, owner)


@lru_cache(maxsize=4096)
def _made_ready(name: str, title: str, description: str, owner: str) -> Called:
    words = words_of(name)
    said = stems(words) | stems(fold(title))
    own, told, whose = said - _LITTLE or said, stems(fold(description)), stems(words_of(owner))
    return Called(words, own, told, whose, words in _PLAIN, roles_of(name, title, description))


class Naming:
    """What properties are called, by what a heading may share with it: most text of a page shares nothing."""

    def __init__(self, properties: Sequence[Called]) -> None:
        self._by_stem: dict[str, set[Called]] = defaultdict(set)
        self._by_initial: dict[str, set[str]] = defaultdict(set)
        self._by_thing: dict[int, set[Called]] = defaultdict(set)
        self._by_role: dict[str, set[Called]] = defaultdict(set)
        self._any = frozenset(one for one in properties if not one.own)  # a name without Latin letters
        for one in properties:
            for stem in one.own | one.told | (one.owner if one.plain else frozenset()):
                self._by_stem[stem].add(one)
            for stem in one.own:
                self._by_initial[stem[:1]].add(stem)
            for thing in (t for word in one.name.split() for part in meant_by(word) for t in part):
                self._by_thing[thing].add(one)
            for role in one.roles:
                self._by_role[role].add(one)

    def best(self, label: str) -> float:
        """How well a heading names the property that it names best."""
        if not _is_said(label):
            return 0.0
        near = set(self._any)
        for word in fold(label).split():
            near |= _near(self, word)
        for role in roles_of_label(label):
            near |= self._by_role.get(role, set())
        return max((_likeness(one, label) for one in near), default=0.0)

    def near(self, word: str) -> frozenset[Called]:
        """The properties that a word of a heading may have to do with."""
        printed = stems(word)
        short = {m for t in printed for m in self._by_initial.get(t[:1], ()) if abbreviates(t, m)}
        things = {thing for part in meant_by(word) for thing in part}
        return frozenset().union(
            *(self._by_stem.get(s, ()) for s in printed | short), *(self._by_thing.get(t, ()) for t in things)
        )


_near = lru_cache(maxsize=65536)(Naming.near)


def naming_of(fields: Sequence[Field]) -> Naming:
    return _naming(tuple(map(called, fields)))


_naming = lru_cache(maxsize=512)(Naming)


@lru_cache(maxsize=65536)
def _likeness(one: Called, label: str) -> float:
    if not _is_said(label):
        return 0.0
    printed, have = fold(label), roles_of_label(label)
    mine, theirs = one.own, stems(printed)
    if not theirs:
        return 0.0
    near = 0.9 * sum(any(abbreviates(t, m) for m in mine - theirs) for t in theirs - mine)
    near += _akin(one.name, printed, mine & theirs)  # a short form may mean the same as well
    common = len(mine & theirs) + min(near, 0.9 * len(theirs - mine))
    best = common / max(len(theirs), min(len(mine), 3)) if common else 0.0
    bare = theirs - (one.owner - mine)  # `policies: [{effective}]` under `Policy eff`
    if bare and bare < theirs:
        best = max(best, OWNED * common / max(len(bare), min(len(mine), 3)))
    if mine < theirs:
        best = max(best, 0.55)  # "Descrizione della prestazione" is a descrizione
    best = max(best, 0.75 * (len(one.told & theirs) / (len(theirs) + 1)))
    if one.plain:  # `medications: [{name}]` under a heading `Medication`
        best = max(best, 0.9 * len(one.owner & theirs) / len(theirs))
    for role, weight in one.roles.items():
        best = max(best, 0.97 * weight * have.get(role, 0.0))
    return best


def _is_said(label: str) -> bool:
    """Whether a heading says anything: it has a letter or the sign for a number."""
    return any(map(str.isalpha, label)) or "#" in label


def _akin(name: str, label: str, said: Set[str]) -> float:
    """How much of a heading means the same as words of the property, those apart that both say."""
    mine, theirs = ([w for w in text.split() if not stems(w) & said] for text in (name, label))
    return ALIKE * sum(any(says(t, m) for m in mine) for t in theirs)
