"""Regions and countries to choose from. Their names come from the Unicode locale data (Babel)."""

from babel import Locale

REGIONS = (
    "011", "014", "015", "017", "018", "005", "013", "021", "029", "030", "034", "035", "143", "145",
    "039", "151", "154", "155", "053", "054", "057", "061",
)  # fmt: skip
"""UN M49 regions at their finest, as local governments carry them."""

NOT_COUNTRIES = {"AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "XK", "ZZ"}
"""Codes that the locale data has beside those of ISO 3166-1."""

COUNTRIES = tuple(
    code
    for code in map(str, Locale("en").territories)
    if len(code) == 2 and code.isalpha() and code not in NOT_COUNTRIES
)
"""ISO 3166-1 alpha-2."""
