"""The name that the author of an unparsed sentence gives: "Ich heiße Maya", "Je m'appelle Maya". Pure."""

from __future__ import annotations

import re

MAX_LENGTH = 1_000  # characters that are read
CAPITAL = r"(?=[^\W\d_])(?-i:[A-ZÀ-ÖØ-ÞĀ-ŽА-ЯЁΑ-Ω])"
NAME = (
    rf"(?P<name>{CAPITAL}[\w'’-]*(?: (?:(?:de|van|von|der|den|bin|al|el|da|di|la|le) ){{0,2}}{CAPITAL}[\w'’-]*){{0,3}})"
)
SAYING = (
    *("ich hei(?:ß|ss)e", "mein name ist", "je m['’]appelle", "mon (?:pré)?nom est", "moi,? c['’]est"),
    *("me llamo", "mi nombre es", "mi chiamo", "il mio nome (?:è|e['’])", "me chamo", "(?:o )?meu nome é"),
    *("ik heet", "mijn naam is", "jag heter", "mitt namn är", "jeg (?:heter|hedder)", "mitt navn er", "mit navn er"),
    *("nazywam się", "mam na imię", "jmenuji se", "меня зовут", "мене звати", "benim ad[ıi]m", "minun nimeni on"),
    *("a nevem", "numele meu este", "mă numesc", "my name is"),
)
INTRODUCED = re.compile(rf"\b(?:{'|'.join(SAYING)}) {NAME}", re.IGNORECASE)
CHINESE = re.compile(r"(?:我叫|我的名字(?:是|叫))(?P<name>[\u4e00-\u9fff]{2,4})(?=[，。,.!！、\s]|$)")
JAPANESE = re.compile(r"(?:私|僕|俺)の名前は(?P<name>[\u3040-\u30ff\u4e00-\u9fff]{1,8}?)(?=です|だ|、|。|\s|$)")


def own_name(text: str) -> str | None:
    """The name, or None."""
    for pattern in (INTRODUCED, CHINESE, JAPANESE):
        if (found := pattern.search(text[:MAX_LENGTH])) is not None:
            return found["name"].rstrip("'’-")
    return None
