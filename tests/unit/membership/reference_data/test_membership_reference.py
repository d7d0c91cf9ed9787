"""The data that membership ships is whole: every country has a region, every refusal a title."""

import re

import pycountry
from polity_chassis.web.headers import LANGUAGES
from polity_chassis.web.problems import STATUS
from polity_chassis.web.titles import title_of
from polity_membership.api.titles import register_membership_titles, titles
from polity_membership.errors import Refused
from polity_membership.reference_data.reference import reference
from polity_membership.routers import ROUTERS

GEOGRAPHY = {"AR": "005", "KR": "030", "ES": "039", "GB": "154", "MX": "013", "NR": "057", "ZA": "018", "US": "021"}
"""As the UN Statistics Division has them."""


def test_every_country_of_iso_3166_has_a_region() -> None:
    regions = reference().regions
    # ISO 3166 leaves XK to its users: Kosovo.
    assert set(regions) == {country.alpha_2 for country in pycountry.countries} | {"XK"}
    assert all(len(region) == 3 and region.isdigit() for region in regions.values())
    assert {country: regions[country] for country in GEOGRAPHY} == GEOGRAPHY


def test_zones_and_languages_that_people_have_are_known() -> None:
    assert {"Asia/Seoul", "America/Mexico_City", "UTC"} <= reference().time_zones
    assert {"en", "es", "fr", "pt", "ko", "ar", "ckb"} <= reference().languages


def test_every_refusal_has_a_title_of_its_own() -> None:
    register_membership_titles()
    assert ROUTERS, "importing them imports every refusal"
    refusals = Refused.__subclasses__()
    assert len(refusals) >= 30
    for refusal in refusals:
        assert title_of(refusal.slug, "invalid", "en") != title_of("invalid", "invalid", "en"), refusal
        assert refusal.category in STATUS


def test_every_title_is_in_every_language() -> None:
    for slug, texts in titles().items():
        assert tuple(texts) == LANGUAGES, slug
        assert len(set(texts.values())) == len(LANGUAGES), slug
        holes = {tuple(re.findall(r"\{\w*\}?", text)) for text in texts.values()}
        assert holes in ({()}, {("{hint}",)}), slug
