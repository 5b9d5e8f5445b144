"""The currencies that a mark beside an amount may stand for: a code of ISO 4217, or a sign that several currencies
share."""

from collections.abc import Set as AbstractSet

CODES = frozenset(
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP"
    " CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF"
    " IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD"
    " MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB"
    " RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU"
    " UZS VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWG".split()
)
DOLLARS = "USD AUD BBD BMD BND BSD BZD CAD CLP COP FJD GYD HKD JMD KYD LRD MXN NAD NZD SBD SGD SRD TTD TWD XCD"
SIGNS = {
    "$": DOLLARS, "US$": "USD", "A$": "AUD", "AU$": "AUD", "C$": "CAD", "CA$": "CAD", "HK$": "HKD", "MX$": "MXN",
    "NT$": "TWD", "NZ$": "NZD", "R$": "BRL", "S$": "SGD", "€": "EUR", "£": "GBP EGP FKP GIP SHP SSP SYP",
    "¥": "JPY CNY", "CN¥": "CNY", "JP¥": "JPY", "₹": "INR", "₽": "RUB", "₺": "TRY", "₩": "KRW KPW", "₪": "ILS",
    "₫": "VND", "₴": "UAH", "₦": "NGN", "₱": "PHP", "₸": "KZT", "฿": "THB", "KR": "DKK ISK NOK SEK", "ZŁ": "PLN",
    "KČ": "CZK", "FT": "HUF", "FR": "CHF", "SFR": "CHF", "LEI": "RON", "ЛВ": "BGN", "РУБ": "RUB", "R": "ZAR",
    "RM": "MYR", "RP": "IDR",
}  # fmt: skip
"""For each sign, in capitals, the codes it may stand for."""


def currencies_meant(mark: str) -> AbstractSet[str] | None:
    """Return the codes that a mark may stand for; None if it is not a mark of a currency."""
    plain = mark.strip().rstrip(".").upper()
    if plain in SIGNS:
        return frozenset(SIGNS[plain].split())
    return frozenset({plain}) if plain in CODES else None
