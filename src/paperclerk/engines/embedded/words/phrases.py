"""Text as comparable tokens: case, accents, punctuation and abbreviations ironed out. Used by labels and lexicon."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache


def word_set(text: str) -> frozenset[str]:
    """The blank-separated words of a text."""
    return frozenset(text.split())


_NUMBER_SIGN = re.compile(r"#|№|\bn[°º]|\bno\.(?=\s|$|:)|\bnr\.|\bnum\.?(?=\s|$|:)|\bnº", re.I)
_MISREAD = re.compile(r"\b[^\W\d_]+[01][^\W\d_]+\b")
_INITIALS = re.compile(r"\b(?:[^\W\d_]\.\s?){2,}(?:[^\W\d_]\b)?")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[_\-/]+")
_NR = re.compile(r"(?<=\w{4})nr$")  # Debiteurnr.
_SPELT_OUT = re.compile("([aou])e")
_TOKEN = re.compile(r"[^\W_]+")

_STOP = word_set(
    "the a an of for to and or in on at by is are as be this that its it from your our my me you we "
    "der die das des dem den ein eine und oder im am ihr ihre unser unsere zu zur zum "
    "le la les un une de du des et ou en au aux votre notre vos nos l d "
    "el los las del al y o su sus nuestro il lo gli di della dei e per con "
    "het een van en uw onze o os as do da dos das em seu sua exactly printed value field"
)

# Words that head many labels and so tell little apart.
_COMMON = word_set(
    "number no nr id code name date datum amount total type value nummer numero betrag betrage montant "
    "importe importo bedrag valor nome nom nombre naam info information details reference ref document "
    "form item items list page data description text first last day year full whole any all other new used given"
)

_SAME = {
    "nr": "no", "number": "no", "num": "no", "nummer": "no", "numero": "no", "numbers": "no", "nos": "no",
    "amt": "amount", "inv": "invoice", "qty": "quantity", "tel": "phone", "telephone": "phone", "telefon": "phone",
    "ph": "phone", "addr": "address", "acct": "account", "acc": "account", "mobile": "phone",
    "org": "organization", "organisation": "organization", "organisations": "organization", "dob": "birthdate",
    "zip": "postcode", "postal": "postcode", "cust": "customer", "vendor": "seller", "supplier": "seller",
    "desc": "description", "ident": "id", "identifier": "id", "identification": "id", "licence": "license",
    "programme": "program", "colour": "color", "centre": "center", "labour": "labor", "cheque": "check",
    "authorised": "authorized", "total": "total", "totals": "total", "begin": "start", "beginning": "start",
    "starting": "start", "commencement": "start", "ending": "end",
    "ended": "end", "started": "start", "finish": "end", "expiration": "expiry",
    "expires": "expiry", "expire": "expiry", "issued": "issue", "issuing": "issue", "paid": "payment",
    "payments": "payment", "received": "receive", "receipt": "receipt", "registered": "registration",
    "taxes": "tax", "net": "net", "dates": "date",
}  # fmt: skip


@lru_cache(maxsize=65536)
def tokens(text: str) -> tuple[str, ...]:
    """Lower-case words without accents; `No.`, `#`, `Nr.` all become `no`, `P.O.` becomes `po`."""
    text = _NUMBER_SIGN.sub(" no ", text)
    if "0" in text or "1" in text:
        text = _MISREAD.sub(lambda m: m.group().replace("1", "l").replace("0", "o"), text)
    if "." in text:
        text = _INITIALS.sub(lambda m: re.sub(r"[.\s]", "", m.group()) + " ", text)
    found = _TOKEN.findall(without_accents(text).casefold())
    return tuple("no" if t == "nr" else _NR.sub("nummer", t) if t.endswith("nr") else t for t in found)


def without_accents(text: str) -> str:
    """Every letter without its accent, `ss` for `ß`."""
    if text.isascii():
        return text
    plain = unicodedata.normalize("NFKD", text.replace("ß", "ss"))
    return "".join(c for c in plain if not unicodedata.combining(c))


@lru_cache(maxsize=65536)
def stem(token: str) -> str:
    """One form for plurals and for words that labels use alike."""
    token = _SAME.get(token, token)
    if len(token) > 4 and token.endswith("ies"):
        token = token[:-3] + "y"
    elif len(token) > 3 and token.endswith("s") and not token.endswith(("ss", "us", "is")):
        token = token[:-1]
    return _SAME.get(token, token)


@lru_cache(maxsize=65536)
def stems(text: str) -> tuple[str, ...]:
    """The tokens of a text that carry meaning, as stems, in order; all of them when none does."""
    found = tokens(text)
    kept = tuple(stem(t) for t in found if t not in _STOP)
    return kept or tuple(stem(t) for t in found)


_HEADS = word_set(
    "no id code name date datum amount total type value reference ref rate address phone title status method page "
    "quantity description nome nom nombre naam fecha data betrag montant importe importo bedrag valor"
)


def ends_in_a_head(stems: tuple[str, ...]) -> bool:
    """Whether words end, or in Romance languages begin, as labels do: "Sales date", "Date de vente"."""
    return bool(stems) and (stems[-1] in _HEADS or stems[0] in _HEADS)


def is_common(token: str) -> bool:
    """Whether a stem heads many labels (`number`, `date`, `name`) and so tells little apart."""
    return token in _COMMON


_OF = word_set("vom von bis dal dalla van am")


def is_particle(token: str) -> bool:
    """Whether a word only joins others (`of`, `von`), and names nothing."""
    return token in _STOP or token in _OF


def weight(token: str) -> float:
    """How much a stem tells: little for common heads and single letters."""
    if token in _COMMON:
        return 0.35
    return 1.0 if len(token) > 2 else 0.5


def without_e(text: str) -> str:
    """Vowels spelt out for umlauts as the plain ones that accents leave: `empfaenger` as `empfanger`."""
    return _SPELT_OUT.sub(r"\1", text)


def key(text: str) -> str:
    """All tokens run together: what OCR does to blanks no longer matters."""
    return "".join(tokens(text))


@lru_cache(maxsize=4096)
def name_words(name: str) -> str:
    """A property name as words: `dueDate`, `due_date` and `due-date` are `due date`; `unitprice` and `nm` are
    `unit price` and `name`."""
    return " ".join(part for word in _CAMEL.sub(" ", name).split() for part in _parted(word))


_SHORT = {"nm": "name", "cnt": "count"}
_ENDS = ["price", "amount", "number", "count", "date", "name", "code", "cnt", "nm"]
_BEGINNINGS = word_set(
    "unit cash change card credit creditcard emoney tax net gross sub total subtotal discount service menu due issue "
    "invoice order birth start end first last given family full company customer product item line bank account"
)


def _parted(word: str) -> tuple[str, ...]:
    """A word of a property name, cut where two were run together."""
    low = word.lower()
    if low in _SHORT:
        return (_SHORT[low],)
    if low == "creditcard":
        return ("credit", "card")
    for end in _ENDS:
        if low.endswith(end) and low[: -len(end)] in _BEGINNINGS:
            return (*_parted(word[: -len(end)]), _SHORT.get(end, end))
    return (word,)


@lru_cache(maxsize=65536)
def abbreviates(short: str, word: str) -> bool:
    """Whether a printed word is short for another: its first letter, then more of its letters in order (`pkgs`)."""
    if not 2 <= len(short) < len(word) or short[0] != word[0] or not short.isalpha() or len(word) < 4:
        return False
    if len(short) > 3 and word.startswith(short[:4]):
        return len(short) <= 5
    rest = iter(word[1:])
    return all(c in rest for c in short[1:])
