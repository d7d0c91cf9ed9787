"""The demonstration says what the letter says, and invents neither a year, nor a zone, nor a framework."""

import csv
import io
import re
import subprocess
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from polity_local.demo import letter
from polity_local.demo.places import places_csv

ROOT = Path(__file__).parents[3]
NAMED_IN_THE_LETTER = (
    "local governments around the world that promote inclusion and solidarity, that fight against all forms of "
    "inequality, discrimination and racism, defend the rights of migrants, combat against violence against women, hate "
    "speech, provide access to water, food, health, housing, a sustainable environment or culture, local governments; "
    "and that advocate for peace, security, democratic participation of citizens, education and awareness of rights; "
    "a new generation of rights, such as digital rights or common goods approach"
)


def test_every_theme_is_named_in_the_letter() -> None:
    assert [code for code, label in letter.THEMES.items() if label["en"].lower() not in NAMED_IN_THE_LETTER] == []


@pytest.mark.parametrize(
    ("today", "reply_by", "congress"),
    [
        (date(2022, 7, 15), "2022-09-15T23:59:00", "2022-10-14"),
        (date(2026, 11, 21), "2027-01-22T23:59:00", "2027-02-20"),
        # The letter's day is in summer time, this one is not: the wall clock stays.
        (date(2025, 12, 1), "2026-02-01T23:59:00", "2026-03-02"),
    ],
)
def test_the_deadline_has_a_year_and_a_zone(today: date, reply_by: str, congress: str) -> None:
    opened = letter.campaign(today)
    deadline = opened["reply_by"]
    zone = ZoneInfo(deadline["time_zone"])
    assert datetime.fromisoformat(deadline["at"]).tzinfo == UTC
    assert datetime.fromisoformat(deadline["at"]).astimezone(zone).replace(tzinfo=None).isoformat() == reply_by
    assert [(m["threshold"], m["due"]) for m in opened["milestones"]] == [
        (10, None), (100, congress), (1000, "2030-12-31"),
    ]  # fmt: skip


def test_two_places_are_called_gwangju_and_each_is_itself() -> None:
    rows = list(csv.DictReader(io.StringIO(places_csv())))
    assert len(rows) == 1000
    gwangju = [row for row in rows if row["name"] == "Gwangju"]
    assert len({(row["latitude"], row["longitude"]) for row in gwangju}) == len(gwangju) == 2
    names = Counter(row["name"] for row in rows)
    assert max(names.values()) == 2
    assert len({row["contact_email"] for row in rows}) == 1000


def test_the_network_s_members_are_chosen_by_id() -> None:
    assert len(set(letter.MEMBERS)) == 6
    assert all(isinstance(member, int) for member in letter.MEMBERS)


# Split, so that this file is not what it finds.
SPELLINGS = re.compile("CS" + "DIPDHR|CS" + "IDPDHR|CS" + "IPDHR|CIS" + "DPDH")
INVENTED = re.compile(
    "ten " + "points|thirteen " + "lines|seven " + "actions|dez " + "pontos|diez " + "puntos", re.IGNORECASE
)
TITLES = re.compile("Territories " + "(by|for) 2030")


def lines_with(pattern: re.Pattern[str], *folders: str) -> list[str]:
    """Returns the file and line of each place in our code and data that holds the pattern."""
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", *folders]
    listed = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    files = [ROOT / path for path in listed if "static" not in path and (ROOT / path).is_file()]
    texts = ((path, path.read_text(errors="replace").splitlines()) for path in files)
    return [
        f"{path.relative_to(ROOT)}: {line.strip()}" for path, text in texts for line in text if pattern.search(line)
    ]


CODE = ("services", "contracts", "chassis", "deploy")


def test_nothing_is_told_by_an_abbreviation_that_the_texts_spell_three_ways() -> None:
    assert lines_with(SPELLINGS, *CODE) == []


def test_the_campaign_s_title_stands_in_one_place_as_a_text() -> None:
    """The letter spells it "by 2030" and "for 2030": nothing may be found by it."""
    found = [line.partition(":")[0] for line in lines_with(TITLES, *CODE)]
    assert [path for path in found if path.endswith((".py", ".toml"))] == ["deploy/local/polity_local/demo/letter.toml"]


def test_no_framework_is_listed_that_the_texts_do_not_list() -> None:
    assert lines_with(INVENTED, *CODE) == []


def test_a_planted_line_is_found() -> None:
    assert SPELLINGS.search("key = 'CS" + "IPDHR'")
    assert INVENTED.search("Our Ten " + "Points")
    assert lines_with(re.compile("^def campaign"), "deploy")
