"""What a column of a list of goods, services or postings is called, in seven languages. Called by `columns`.

A *role* is the meaning of a column. `roles_of_label` reads a printed heading, `roles_of_field` a property of
a schema; where both speak of the same role they belong together, whatever the languages.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache

from paperclerk.schemas.compiled import Field

_TERMS = {
    "description": """description, item, items, item name, item description, product, product name, product description,
        article, particulars, details, goods, service, services, work performed, name, activity, line item,
        title, designation, libelle, produit, prestation, denomination, intitule, objet, artikel,
        artikelbezeichnung, artikelbeschreibung, bezeichnung, beschreibung, leistung, leistungen,
        leistungsbeschreibung, produkt, text, warenbezeichnung, gegenstand, buchungstext, verwendungszweck,
        descripcion, concepto, producto, articulo, servicio, detalle, descrizione, articolo, prodotto,
        servizio, causale, omschrijving, dienst, descricao, designacao, produto, servico, artigo, historico,
        keterangan, transaction, memo, narrative""",
    "quantity": """quantity, qty, qnty, quantities, units, hours, hrs, pieces, pcs, count, number of units, no of
        units, menge, anzahl, stuck, stueck, stk, stunden, quantite, qte, nombre, cantidad, cant, unidades,
        quantita, qta, aantal, hoeveelheid, quantidade, qtd, qtde, kuantiti""",
    "unit_price": """unit price, price, price per unit, unit cost, unit rate, price each, each, rate, u price, net price,
        list price, cost, hourly rate, unit amount, price per item, preis, einzelpreis, nettopreis,
        stuckpreis, stueckpreis, e preis, ep, einheitspreis, preis einheit, preis pro einheit, stundensatz,
        prix, prix unitaire, prix unit, pu, p u, pu ht, prix unitaire ht, precio, precio unitario, precio
        unit, p unitario, prezzo, prezzo unitario, prezzo unit, prijs, stukprijs, eenheidsprijs, prijs per
        stuk, preco, preco unitario, preco unit, valor unitario, harga""",
    "line_total": """amount, total, line total, line amount, total price, total amount, net amount, net total, extended
        price, ext price, extended amount, extension, line value, net value, value, sum, price, subtotal,
        sub total, charge, charges, gross amount, amount due, gesamt, gesamtpreis, gesamtbetrag, betrag,
        summe, nettobetrag, nettowert, netto, entgelt, wert, positionsbetrag, zeilensumme, bruttobetrag,
        montant, montant ht, total ht, prix ht, prix total, montant total, total ttc, importe, importe neto,
        total neto, importo, totale, importo totale, totale netto, prezzo totale, bedrag, totaal,
        totaalbedrag, totaalprijs, valor, valor total, preco total, jumlah""",
    "unit": """unit, uom, u m, measure, unit of measure, unit code, einheit, mengeneinheit, meng einheit, me,
        unite, unidad, ud, unita, um, eenheid, unidade, un""",
    "tax_rate": """vat, vat rate, tax rate, tax, tax code, gst, mwst, ust, umsatzsteuer, steuersatz, mwst satz, ust
        satz, tva, taux, taux tva, iva, tipo iva, aliquota, aliquota iva, btw, btw tarief, taxa, taxa iva,
        vat percent, vat %, tax %""",
    "tax_amount": """tax amount, vat amount, gst amount, steuerbetrag, mwst betrag, montant tva, cuota iva, importo iva,
        btw bedrag, valor iva""",
    "sku": """sku, item code, product code, code, article number, article no, item no, item number, part no, part
        number, part, artikelnummer, artikelnr, artikel nr, art nr, art no, ref, reference, referenz,
        bestellnummer, gtin, ean, upc, barcode, codice, codigo, cod, referencia, artikelcode, catalog no,
        material, materialnummer, product id, stock code, model""",
    "position": """position, pos, line, line no, line number, no, nr, number, #, sl, sl no, s n, sr, sr no, ligne,
        zeile, lp, linea, riga, regel, lfd nr, index""",
    "discount": """discount, disc, rabatt, nachlass, abschlag, remise, rem, reduction, descuento, dto, sconto, korting,
        desconto, discount amount""",
    "date": """date, service date, datum, leistungsdatum, fecha, data, date of service, transaction date, posting
        date, buchungsdatum, buchungstag, valuta, wertstellung, value date, tarikh""",
    "debit": """debit, debits, withdrawal, withdrawals, paid out, payments out, soll, belastung, lastschrift, debe,
        cargo, dare, uscite""",
    "credit": """credit, credits, deposit, deposits, paid in, payments in, haben, gutschrift, haber, abono, avere,
        entrate""",
    "balance": "balance, running balance, saldo, kontostand, solde, saldo contabile",
}  # fmt: skip

_TOTAL = """total, totals, subtotal, sub total, grand total, sum, balance due, amount due, nett total, net
        total, gross total, net amount, gesamt, gesamtbetrag, gesamtsumme, summe, zwischensumme, endbetrag,
        rechnungsbetrag, rechnungssumme, nettosumme, bruttosumme, netto, brutto, nettobetrag, bruttobetrag,
        zu zahlen, zahlbetrag, positionssumme, warenwert, mwst, ust, umsatzsteuer, zzgl, inkl, enthaltene,
        sous total, total ht, total ttc, montant total, net a payer, tva, base imponible, importe total,
        subtotales, iva, imponibile, totale, totale documento, subtotale, totaal, subtotaal, btw, te
        betalen, valor total, total geral, a pagar, vat, tax, gst, sales tax, service charge, rounding,
        rounding adj, round, change, cash, tendered, visa, mastercard, jumlah, jumlah besar, plus vat, due
        payable, payable, total due, total sales, amount payable, gesamtbeitrag, gesamtpreis, taxe, taxes,
        tl, ttl, item count, items, qtys, total qty, total items, net, balance, payment, paid, invoice
        total, discount total, versicherungssteuer, versicherungsteuer, rechnungsbeitrag, no of items, total
        quantity, bill total"""
_CARRY = """ubertrag, uebertrag, carried forward, brought forward, carry forward, balance forward, carried over,
        a reporter, report, suma y sigue, suma anterior, riporto, a riportare, transport, a transportar,
        saldo anterior"""


def fold(text: str) -> str:
    """Lower case, without accents; every run of other signs than letters, digits, # and % becomes one blank."""
    plain = unicodedata.normalize("NFKD", text.replace("ß", "ss"))
    plain = "".join(c for c in plain if not unicodedata.combining(c)).lower()
    return re.sub(r"[^a-z0-9%#]+", " ", plain).strip()


def _phrases(block: str) -> frozenset[str]:
    return frozenset(" ".join(p.split()) for p in block.split(","))


ROLES: Mapping[str, frozenset[str]] = {role: _phrases(block) for role, block in _TERMS.items()}
TOTALS = _phrases(_TOTAL)
CARRIES = _phrases(_CARRY)
NUMERIC = frozenset(
    {
        "quantity",
        "unit_price",
        "line_total",
        "tax_rate",
        "tax_amount",
        "discount",
        "debit",
        "credit",
        "balance",
    }
)
_NOISE = frozenset(  # noqa: SIM905
    """in of the a an per eur usd gbp chf rm myr sgd euro pro je der die das de la le du el do da""".split()
)
_WITH_TAX = re.compile(
    r"\b(?:ohne|exkl|excl|ex|excluding|without|inkl|incl|including|hors|zzgl|sans|sin|senza)\b(?: \w+)?"
)


@lru_cache(maxsize=4096)
def roles_of_label(text: str) -> Mapping[str, float]:
    """How strongly a printed heading speaks of each role, 0..1."""
    plain = fold(re.sub(r"\(.*?\)|\[.*?\]", " ", text)) or fold(text)
    words = [w for w in _WITH_TAX.sub(" ", plain).split() if w not in _NOISE]
    if not words or len(words) > 8:
        return {}
    found: dict[str, float] = {}
    for role, terms in ROLES.items():
        best = max((_covered(words, t) for t in terms), default=0.0)
        if best >= 0.3:
            found[role] = best
    return found


def _covered(words: list[str], term: str) -> float:
    """The share of the heading that a term covers; a compound word counts by its end (`Einzelpreis`)."""
    wanted = term.split()
    size = len(wanted)
    for i in range(len(words) - size + 1):
        if words[i : i + size] == wanted:
            letters = sum(map(len, words))
            return (sum(map(len, wanted)) / letters) * (1.0 if i == 0 else 0.9)
    if size == 1 and len(term) >= 5:
        for w in (*words, *(a + b for a, b in itertools.pairwise(words))):
            if len(w) > len(term) and w.endswith(term):
                return 0.75 * len(w) / sum(map(len, words))
    return 0.0


def words_of(name: str) -> str:
    """`unitPrice`, `unit_price` -> `unit price`."""
    return fold(re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).replace("_", " "))


def roles_of_field(field: Field) -> Mapping[str, float]:
    """How strongly a property speaks of each role, 0..1: by its name, its title, and less by its description."""
    return roles_of(field.name, field.title, field.description)


@lru_cache(maxsize=4096)
def roles_of(name: str, title: str, description: str) -> Mapping[str, float]:
    found: dict[str, float] = {}
    first_sentence = re.split(r"[.;(]", description, maxsplit=1)[0]
    for text, weight in ((words_of(name), 1.0), (title, 0.9), (first_sentence, 0.7)):
        for role, value in roles_of_label(text).items():
            found[role] = max(found.get(role, 0.0), weight * value)
    return found


def starts_with(text: str, phrases: frozenset[str]) -> bool:
    """Whether a line of text begins with one of the phrases (as whole words)."""
    words = [w for w in fold(text).split() if not w.isdigit()][:4]
    return any(" ".join(words[:n]) in phrases for n in range(len(words), 0, -1))


_SMALL = frozenset("of the a an in per and or for to by de la le der die das und et del".split())  # noqa: SIM905


def stems(text: str) -> frozenset[str]:
    """The words of a folded text, cut to six letters and without a plural `s`; small words are left out."""
    return frozenset(w[:6].rstrip("s") if len(w) > 3 else w for w in text.split() if w not in _SMALL)
