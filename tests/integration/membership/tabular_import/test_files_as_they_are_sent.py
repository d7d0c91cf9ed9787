"""Files as spreadsheets leave them and people send them: what is read, what is refused and how, what is asked."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from polity_local.testing.workbooks import sheet_of, workbook_of

SHEETS = Path(__file__).parents[3] / "fixtures" / "sheets"
THEMES = {code: {"en": code.title()} for code in ("water", "food", "racism")}
Told = dict[tuple[int, str], tuple[str, list[dict[str, str]]]]


def told(problems: list[dict[str, Any]]) -> Told:
    """By line and field: the reason, and what may be written instead."""
    return {(p["line"], p["field"]): (p["reason"], p["suggestions"]) for p in problems}


async def check(net: Any, name: str) -> Any:
    return await net.do_import((SHEETS / name).read_bytes(), dry_run=True, expect=200)


async def check_commitments(net: Any, campaign_id: str, name: str, *, dry_run: bool = True, aside: str = "[]") -> Any:
    path = f"/v1/campaigns/{campaign_id}/commitment-imports?dry_run={str(dry_run).lower()}"
    parts = [("file", (SHEETS / name).read_bytes()), ("changes", f'{{"set_aside": {aside}}}'.encode())]
    body = b"".join(
        b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (n.encode(), v) for n, v in parts
    )
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    return await net.post(path, body + b"--x--\r\n", expect=200, **headers)


@pytest.mark.parametrize("name", ["unnamed-columns.csv", "separator-line.csv"])
async def test_leftovers_of_a_spreadsheet_are_no_faults(net: Any, name: str) -> None:
    report = await check(net, name)
    assert (report["rows"], report["accepted"], report["faults"]) == (2, 2, [])


async def test_a_country_that_has_another_code_is_suggested(net: Any) -> None:
    report = await check(net, "country-codes.csv")
    assert told(report["faults"]) == {
        (6, "country"): ("unknown_country", [{"country": "GR"}]),
        (7, "country"): ("unknown_country", [{"country": "GB"}]),
        (8, "country"): ("unknown_country", [{"country": "KR"}]),
        (9, "country"): ("unknown_country", [{"country": "CI"}]),
    }
    # Kosovo, Namibia, Taiwan and Palestine are countries like any other.
    assert report["accepted"] == 4


async def test_a_point_outside_its_country_is_asked_about(net: Any) -> None:
    report = await check(net, "misplaced-points.csv")
    assert report["faults"] == []
    assert told(report["questions"]) == {
        (2, "latitude"): ("outside_country", [{"latitude": "54.8985", "longitude": "23.9036"}]),
        (3, "latitude"): ("outside_country", [{"latitude": "-1.2921", "longitude": "36.8219"}]),
        (4, "latitude"): ("outside_country", []),
        (5, "latitude"): ("outside_country", [{"latitude": "34.0209", "longitude": "-6.8416"}]),
    }
    assert [(p["line"], p["candidate"]) for p in report["proposals"]] == [(8, "7")]
    assert (report["rows"], report["accepted"], report["to_be_decided"]) == (7, 2, 5)


async def test_signs_that_nobody_sees_are_left_out_or_named(net: Any) -> None:
    report = await check(net, "invisible-characters.csv")
    assert [(f["line"], f["field"], f["reason"], f["hint"]) for f in report["faults"]] == [
        (3, "name", "duplicate_in_file", "2"),
        (5, "contact_email", "unseen_character", None),
        (6, "name", "missing", None),
        (8, "name", "duplicate_in_file", "7"),
        (9, "contact_name", "control_character", None),
    ]
    assert told(report["faults"])[5, "contact_email"][1] == [{"contact_email": "jiwoo@example.org"}]
    rows = (SHEETS / "invisible-characters.csv").read_text("utf-8").splitlines()
    await net.do_import("\n".join([rows[0], rows[2], rows[3], rows[6]]).encode(), expect=200)
    for q, name in (("suwon", "Suwon"), ("Sao Paulo", "São Paulo"), ("الدوحة", "الدوحة"), ("Su\u200bwon", "Suwon")):
        found = (await net.get(f"/v1/networks/{net.id}/local-governments?q={q}"))["items"]
        assert [item["name"] for item in found] == [name]


async def test_numbers_that_a_spreadsheet_damaged_are_told_apart(net: Any) -> None:
    report = await check(net, "damaged-numbers.csv")
    assert told(report["faults"]) == {
        (2, "latitude"): ("decimal_lost", [{"latitude": "54.8985"}]),
        (2, "longitude"): ("decimal_lost", [{"longitude": "23.9036"}]),
        (3, "latitude"): ("decimal_lost", [{"latitude": "48.20849"}]),
        (3, "longitude"): ("decimal_lost", [{"longitude": "16.37208"}]),
        (3, "population"): ("grouped_number", [{"population": "1982097"}]),
        (5, "longitude"): ("became_a_day", []),
        (6, "population"): ("number_shortened", []),
        (7, "latitude"): ("degrees_and_minutes", [{"latitude": "35.154722"}]),
        (7, "longitude"): ("degrees_and_minutes", [{"longitude": "126.915556"}]),
    }
    assert report["accepted"] == 2


async def test_numbers_are_read_with_the_signs_of_any_spreadsheet(world: Any, net: Any) -> None:
    lines = (SHEETS / "damaged-numbers.csv").read_text("utf-8").splitlines()
    whole = [
        lines[0],
        lines[3],
        lines[7],
        lines[5].replace("1,27E+06", "361966.0"),
        lines[1].replace("548.985;239.036", "54.8985;23.9036"),
    ]
    await net.do_import("\n".join(whole).encode(), expect=200)
    found = await world.rows(
        "SELECT name, latitude, longitude, population FROM local_government WHERE network_id = :id", id=UUID(net.id)
    )
    assert {row["name"]: (row["latitude"], row["longitude"], row["population"]) for row in found} == {
        "Grigny": (48.6544, 2.3831, 27737),
        "Évora": (38.56667, -7.9, 53591),
        "Montevideo": (-34.9033, -56.1882, 361966),
        "Kaunas": (54.8985, 23.9036, 305120),
    }


async def test_days_are_read_or_refused_with_the_form_to_write_and_none_moves(world: Any, net: Any) -> None:
    campaign_id = await net.campaign(themes=THEMES)
    report = await check_commitments(net, campaign_id, "days-as-written.csv")
    assert told(report["faults"]) == {
        (2, "signed_on"): ("day_serial", []),
        (3, "committed_at"): (
            "day_order",
            [{"committed_at": "2021-10-12 16:30"}, {"committed_at": "2021-12-10 16:30"}],
        ),
        (3, "signed_on"): ("day_order", [{"signed_on": "2021-09-12"}, {"signed_on": "2021-12-09"}]),
        (6, "committed_at"): ("hour_24", [{"committed_at": "2021-12-10 23:59"}]),
        (7, "committed_at"): ("day_order", [{"committed_at": "2021-12-10"}]),
        (7, "signed_on"): ("day_order", [{"signed_on": "2021-12-09"}]),
        (9, "committed_at"): ("other_digits", [{"committed_at": "2021-12-10"}]),
    }
    await check_commitments(net, campaign_id, "days-as-written.csv", dry_run=False, aside="[2, 3, 6, 7, 9]")
    found = await world.rows(
        "SELECT name, made_at, signed_on FROM commitment JOIN local_government place ON place.id = local_government_id"
        " WHERE campaign_id = :id",
        id=UUID(campaign_id),
    )
    assert {row["name"]: (row["made_at"], row["signed_on"]) for row in found} == {
        # Noon in Madrid, for a spreadsheet writes a day as its midnight.
        "Suwon": (datetime(2021, 12, 10, 11, tzinfo=UTC), date(2021, 12, 9)),
        "Windhoek": (datetime(2021, 12, 10, 16, 30, tzinfo=UTC), date(2021, 12, 9)),
        "Vejle": (datetime(2021, 12, 10, 15, 30, tzinfo=UTC), date(2021, 12, 9)),
    }


async def test_an_hour_that_was_not_or_was_twice_is_asked_about(net: Any) -> None:
    campaign_id = await net.campaign(themes=THEMES)
    report = await check_commitments(net, campaign_id, "hours-not-on-the-clock.csv")
    assert report["faults"] == []
    assert told(report["questions"]) == {
        (2, "committed_at"): (
            "hour_skipped",
            [{"committed_at": "2021-03-28 03:30"}, {"committed_at": "2021-03-28 01:30"}],
        ),
        (3, "committed_at"): (
            "hour_twice",
            [{"committed_at": "2021-10-31 02:30+02:00"}, {"committed_at": "2021-10-31 02:30+01:00"}],
        ),
    }
    assert (report["rows"], report["accepted"], report["to_be_decided"]) == (4, 2, 2)


async def test_an_address_that_no_server_would_take_is_refused_at_the_import(net: Any) -> None:
    report = await check(net, "dotted-addresses.csv")
    assert [(f["line"], f["field"], f["reason"]) for f in report["faults"]] == [
        (2, "contact_email", "dot_in_email"),
        (3, "contact_email", "dot_in_email"),
    ]


async def test_an_address_with_an_international_domain_is_taken(net: Any) -> None:
    report = await check(net, "international-addresses.csv")
    assert [(f["line"], f["field"], f["reason"]) for f in report["faults"]] == [
        (5, "contact_email", "local_part_not_ascii")
    ]
    assert report["accepted"] == 3


PLACE_COLUMNS = ["name", "country", "latitude", "longitude", "time_zone", "language", "contact_name", "contact_email"]
PLACES = [
    ["Vienna", "AT", 48.20849, 16.37208, "Europe/Vienna", "de", "Ada", "ada@example.org"],
    ["Suwon", "KR", 37.2911, 127.0089, "Asia/Seoul", "ko", "Jiwoo", "jiwoo@example.org"],
]
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def parts_of(data: bytes, changes: dict[str, Any]) -> tuple[bytes, dict[str, str]]:
    fields = (("file", data), ("changes", json.dumps(changes).encode()))
    body = b"".join(
        b'--xlsx\r\nContent-Disposition: form-data; name="%s"; filename="%s"\r\n\r\n%s\r\n'
        % (n.encode(), n.encode(), v)
        for n, v in fields
    )
    return body + b"--xlsx--\r\n", {"Content-Type": "multipart/form-data; boundary=xlsx"}


async def test_a_register_comes_as_a_workbook(world: Any, net: Any) -> None:
    data = workbook_of(("Places", sheet_of([PLACE_COLUMNS, *PLACES])))
    done = await net.do_import(data, expect=200, **{"Content-Type": XLSX})
    assert (done["rows"], done["imported"]) == (2, 2)
    found = await world.rows(
        "SELECT name, latitude, longitude FROM local_government WHERE network_id = :id", id=UUID(net.id)
    )
    assert {row["name"]: (row["latitude"], row["longitude"]) for row in found} == {
        "Vienna": (48.20849, 16.37208),
        "Suwon": (37.2911, 127.0089),
    }


async def test_the_sheet_that_is_read_is_asked_for_and_said_in_the_changes(net: Any) -> None:
    data = workbook_of(("Notes", sheet_of([["Read me"]])), ("Places", sheet_of([PLACE_COLUMNS, *PLACES])))
    refused = await net.do_import(data, expect=422, **{"Accept-Language": "fr"})
    (fault,) = refused["faults"]
    assert (fault["reason"], fault["suggestions"]) == ("sheet_to_choose", [{"sheet": "Notes"}, {"sheet": "Places"}])
    assert fault["message"] == "Plusieurs feuilles de ce classeur ont un contenu. Choisissez celle à lire."
    body, headers = parts_of(data, {"sheet": "Plces"})
    refused = await net.do_import(body, expect=422, **headers)
    assert [fault["reason"] for fault in refused["faults"]] == ["sheet_unknown"]
    body, headers = parts_of(data, {"sheet": "Places"})
    assert (await net.do_import(body, expect=200, **headers))["imported"] == 2


async def test_what_is_wrong_with_a_workbook_is_told_with_its_cells(net: Any) -> None:
    rows = [PLACE_COLUMNS, ['<c t="e"><v>#REF!</v></c>', *PLACES[0][1:]], ["<c><f>A9</f></c>", *PLACES[1][1:]]]
    report = await net.do_import(workbook_of(("Places", sheet_of(rows))), dry_run=True, expect=200)
    assert [(f["line"], f["field"], f["reason"], f["value"]) for f in report["faults"]] == [
        (2, "name", "cell_error", "#REF!"),
        (3, "name", "formula_without_value", "=A9"),
    ]
    merged = sheet_of([PLACE_COLUMNS, *PLACES], '<mergeCells><mergeCell ref="B2:B3"/></mergeCells>')
    report = await net.do_import(workbook_of(("Places", merged)), dry_run=True, expect=200)
    assert [(f["line"], f["reason"], f["value"]) for f in report["faults"]] == [(2, "merged_cells", "B2:B3")]
    report = await net.do_import(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, dry_run=True, expect=200)
    assert [f["reason"] for f in report["faults"]] == ["not_xlsx"]


async def test_earlier_commitments_come_as_a_workbook_with_their_days(world: Any, net: Any) -> None:
    campaign_id = await net.campaign(themes=THEMES)
    columns = [*PLACE_COLUMNS, "wave", "committed_at", "signed_on", "signatory_name", "signatory_office"]
    columns += ["theme1", "theme2", "theme3"]
    days = ['<c s="2"><v>44540.6875</v></c>', '<c s="1"><v>44539</v></c>']
    rows = [[*place, 2021, *days, "Eva", "Mayor", "water", "food", "racism"] for place in PLACES]
    data = workbook_of(("Notes", sheet_of([["Read me"]])), ("2021", sheet_of([columns, *rows])))
    path = f"/v1/campaigns/{campaign_id}/commitment-imports"
    refused = await net.post(path, data, expect=422)
    assert [fault["reason"] for fault in refused["faults"]] == ["sheet_to_choose"]
    body, headers = parts_of(data, {"sheet": "2021"})
    assert (await net.post(path, body, expect=200, **headers))["imported"] == 2
    found = await world.rows(
        "SELECT made_at, signed_on, wave FROM commitment JOIN invitation USING (campaign_id, local_government_id)"
        " WHERE campaign_id = :id",
        id=UUID(campaign_id),
    )
    # 16:30 in Madrid, where the campaign is.
    once = {"made_at": datetime(2021, 12, 10, 15, 30, tzinfo=UTC), "signed_on": date(2021, 12, 9), "wave": "2021"}
    assert [dict(row) for row in found] == [once, once]
