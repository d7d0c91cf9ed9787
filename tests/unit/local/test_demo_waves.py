"""The demonstration's waves: 97 of 100, the same each time, and nobody whom the letter names among those who pledge."""

import csv
import io
import re
from datetime import UTC, date, datetime, timedelta

import yaml
from polity_local.demo import letter, places
from polity_local.demo.places import MISTYPED_DOMAIN
from polity_local.demo.waves import PLEDGED, WAVES, earlier_csv, invited
from polity_local.running.instance import REPOSITORY
from polity_membership.values.addresses import email
from polity_notifications.domain.addresses import one_address

TODAY = date(2026, 11, 22)
LISTED = [(p["name"], round(p["latitude"], 4), p["geonameid"]) for p in places.demo_places()]
REGISTER = {(name, latitude): str(id_) for name, latitude, id_ in LISTED}
BROUGHT_IN = list(csv.DictReader(io.StringIO(earlier_csv(REGISTER, TODAY))))
EVERYONE = [city for wave in WAVES for city in invited(wave, TODAY)]


def test_three_are_missing_to_the_hundred() -> None:
    pledges = [city.pledge for city in EVERYONE if city.pledge]
    assert len(pledges) + len(BROUGHT_IN) == PLEDGED == 97
    assert all(len(set(pledge["themes"])) == 3 and set(pledge["themes"]) <= letter.THEMES.keys() for pledge in pledges)
    assert len({each["signatory_name"] for each in (*pledges, *BROUGHT_IN)}) == 97
    assert all("emonstration" in pledge["signatory_name"] + pledge["signatory_office"] for pledge in pledges)
    assert all(date.fromisoformat(pledge["signed_on"]) < TODAY for pledge in pledges)


def test_the_earlier_pledges_rise_over_weeks_and_pass_the_first_milestone() -> None:
    days = [row["committed_at"][:10] for row in BROUGHT_IN]
    assert days == sorted(days)
    assert len(set(days)) > 25
    assert days[0] > (TODAY - timedelta(days=70)).isoformat()
    assert days[-1] < TODAY.isoformat()
    assert days[9] < (TODAY - timedelta(days=30)).isoformat()
    assert all(row["invited_on"] < row["committed_at"] and row["signed_on"] < row["committed_at"] for row in BROUGHT_IN)
    assert all("emonstration" in row["signatory_name"] + row["signatory_office"] for row in BROUGHT_IN)


def test_each_place_is_in_one_wave_and_none_is_named_in_the_texts() -> None:
    assert len(EVERYONE) == len({city.address for city in EVERYONE}) == sum(wave.invited for wave in WAVES)
    placed = {REGISTER[city.name, city.latitude] for city in EVERYONE}
    brought_in = {row["local_government_id"] for row in BROUGHT_IN}
    assert (len(brought_in), brought_in & placed) == (len(BROUGHT_IN), set())
    assert {REGISTER[name, latitude] for name, latitude, id_ in LISTED if id_ in places.NAMED_IN_THE_TEXTS}.isdisjoint(
        brought_in
    )
    named = {f"contact-{id_}@city.example" for id_ in places.NAMED_IN_THE_TEXTS}
    assert named.isdisjoint(city.address for city in EVERYONE)


def test_it_is_the_same_demonstration_each_time() -> None:
    assert [city for wave in WAVES for city in invited(wave, TODAY)] == EVERYONE
    assert list(csv.DictReader(io.StringIO(earlier_csv(REGISTER, TODAY)))) == BROUGHT_IN


def test_every_wave_has_a_deadline_of_its_own_to_come() -> None:
    ends = [datetime.fromisoformat(wave.reply_by(TODAY)["at"]) for wave in WAVES]
    assert ends == sorted(set(ends))
    assert ends[0] > datetime(2026, 11, 29, tzinfo=UTC)


def test_one_mail_bounces_because_its_address_is_mistyped() -> None:
    wrong = [city for city in EVERYONE if not city.address.endswith("@city.example")]
    assert [(city.address, city.interested) for city in wrong] == [("contact-95446@ciity.example", False)]
    # It is a good address, as far as anybody can tell who doesn't send to it.
    assert email(wrong[0].address) == one_address(wrong[0].address) == wrong[0].address


def test_the_containers_mail_catcher_refuses_that_domain_alone() -> None:
    settings = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text())["services"]["mailpit"]["environment"]
    taken = re.compile(settings["MP_SMTP_ALLOWED_RECIPIENTS"])
    assert not taken.search(f"contact@{MISTYPED_DOMAIN}")
    assert all(taken.search(address) for address in ("a@city.example", "a@cities.example", "ci@xn--bcher-kva.example"))
