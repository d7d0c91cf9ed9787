"""The demonstration's waves: 97 of 100, the same each time, and nobody whom the letter names among those who pledge."""

from datetime import UTC, date, datetime

import pytest
from polity_local.demo import letter, places
from polity_local.demo.waves import PLEDGED, WAVES, invited
from polity_membership.domain.cells import email
from polity_notifications.domain.addresses import UnsafeAddress, one_address

TODAY = date(2026, 11, 22)
EVERYONE = [city for wave in WAVES for city in invited(wave, TODAY)]


def test_three_are_missing_to_the_hundred() -> None:
    pledges = [city.pledge for city in EVERYONE if city.pledge]
    assert len(pledges) == PLEDGED == 97
    assert all(len(set(pledge["themes"])) == 3 and set(pledge["themes"]) <= letter.THEMES.keys() for pledge in pledges)
    assert len({pledge["signatory_name"] for pledge in pledges}) == 97
    assert all("emonstration" in pledge["signatory_name"] + pledge["signatory_office"] for pledge in pledges)
    assert all(date.fromisoformat(pledge["signed_on"]) < TODAY for pledge in pledges)


def test_each_place_is_in_one_wave_and_none_is_named_in_the_texts() -> None:
    assert len(EVERYONE) == len({city.address for city in EVERYONE}) == sum(wave.invited for wave in WAVES)
    named = {f"contact-{id_}@city.example" for id_ in places.NAMED_IN_THE_TEXTS}
    assert named.isdisjoint(city.address for city in EVERYONE)


def test_it_is_the_same_demonstration_each_time() -> None:
    assert [city for wave in WAVES for city in invited(wave, TODAY)] == EVERYONE


def test_every_wave_has_a_deadline_of_its_own_to_come() -> None:
    ends = [datetime.fromisoformat(wave.reply_by(TODAY)["at"]) for wave in WAVES]
    assert ends == sorted(set(ends))
    assert ends[0] > datetime(2026, 11, 29, tzinfo=UTC)


def test_one_mail_bounces_because_its_address_is_mistyped() -> None:
    wrong = [city for city in EVERYONE if not city.address.endswith("@city.example")]
    assert [(city.address, city.interested) for city in wrong] == [("contact-95446@city-.example", False)]
    assert email(wrong[0].address) == wrong[0].address
    with pytest.raises(UnsafeAddress):
        one_address(wrong[0].address)
