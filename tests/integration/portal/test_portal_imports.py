"""Imports through the pages, before the real membership service: rows mended, places decided, the rest imported."""

import re
from collections.abc import Iterable
from html import unescape
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from polity_local.testing.workbooks import sheet_of, workbook_of
from sqlalchemy import text

HEADING = "name,country,subdivision,latitude,longitude,population,time_zone,language,contact_name,contact_email\n"


def file_of(rows: Iterable[str]) -> str:
    return HEADING + "".join(f"{row},1000,Europe/Madrid,es,Contact,contact@example.org\n" for row in rows)


async def fields_of(desk: SimpleNamespace, address: str) -> tuple[str, dict[str, str]]:
    """The page, and what its form would send as it stands: each field's name and value."""
    page = (await desk.browser.get(address)).text
    fields = {
        unescape(name): unescape(value)
        for name, value in re.findall(r'<input(?: id="[^"]*"| type="hidden")* name="([^"]+)" value="([^"]*)"', page)
    }
    return page, fields


async def step(desk: SimpleNamespace, address: str, **changed: str) -> str:
    """Sends the form of the report as a browser would, and returns where it leads."""
    _, fields = await fields_of(desk, address)
    sent = {**fields, "action": "check", **{name.replace("__", ":"): value for name, value in changed.items()}}
    answered = await desk.browser.post(address, data=sent)
    assert answered.status_code == 303, answered.text
    return str(answered.headers["location"])


async def check(desk: SimpleNamespace, content: str | bytes, page: str = "") -> str:
    page = page or desk.importing
    token = (await fields_of(desk, page))[1]["form_token"]
    answered = await desk.browser.post(
        page, data={"form_token": token}, files={"file": ("places.csv", content, "text/csv")}
    )
    assert answered.status_code == 303, answered.text
    return str(answered.headers["location"])


async def names(desk: SimpleNamespace) -> list[str]:
    page = (await desk.browser.get(f"{desk.office}/invite")).text
    return re.findall(r'<label for="c-[^"]+">([^<]+)</label>', page)


async def test_a_faulty_cell_is_a_field_with_its_fault_beside_it(desk: SimpleNamespace) -> None:
    report = await check(desk, file_of(["Atlantis,XX,,95,0", "Vienna,AT,,48.2,16.37"]))
    page, fields = await fields_of(desk, report)
    assert fields["cell:2:country"] == "XX"
    described = re.search(r'name="cell:2:country"[^>]* aria-describedby="([^"]+)"', page)
    assert described
    assert f'id="{described[1]}">This is not a country code of ISO 3166-1' in page
    assert page.count('aria-invalid="true"') == 2
    french = await desk.browser.get(report.replace("/en/", "/fr/"))
    assert "Corrigez les cellules ici" in french.text
    assert "code de pays ISO 3166-1" in french.text


async def test_a_country_is_corrected_by_one_click_beside_what_was_typed(desk: SimpleNamespace) -> None:
    report = await check(desk, file_of(["Athens,EL,,37.98,23.73", "Suwon,KOR,,37.26,x"]))
    page, _ = await fields_of(desk, report)
    offered = re.findall(r'<button[^>]* name="take" value="([^"]+)"[^>]*>Write <bdi>([^<]+)</bdi>', page)
    assert offered == [("2:country:unknown_country:0", "GR"), ("3:country:unknown_country:0", "KR")]
    # Enter in a field presses the first button of the form.
    assert re.findall(r'<button type="submit" name="([^"]+)" value="([^"]+)"', page)[0] == ("action", "enter")
    await step(desk, report, take=offered[1][0], action="", cell__3__longitude="127.01")
    page, fields = await fields_of(desk, report)
    assert "cell:3:country" not in fields
    assert fields["cell:2:country"] == "EL"
    await step(desk, report, take=offered[0][0], action="")
    assert "Import all 2 cities and territories" in (await desk.browser.get(report)).text


async def test_all_suggestions_are_written_at_once(desk: SimpleNamespace) -> None:
    report = await check(desk, file_of(["Athens,EL,,37.98,23.73", "Suwon,KOR,,37.26,127.01", "Nowhere,XX,,0,0"]))
    assert "Write all 2 suggestions" in (await desk.browser.get(report)).text
    await step(desk, report, action="suggestions")
    _, fields = await fields_of(desk, report)
    assert [name for name in fields if name.endswith("country")] == ["cell:4:country"]


async def test_a_point_outside_its_country_is_asked_about_and_decided(desk: SimpleNamespace) -> None:
    rows = ["Kaunas,LT,,23.9036,54.8985", "Cotonou,BJ,,0,0", "Rabat,MA,,34.02,6.84", "Lyon,FR,,45.76,4.84"]
    report = await check(desk, file_of(rows))
    page = (await desk.browser.get(report)).text
    counts = dict(re.findall(r"<dt>([^<]+)</dt><dd>(\d+)</dd>", page))
    assert [name for name, count in counts.items() if count != "0"] == ["Ready", "To be decided"]
    assert (counts["Ready"], counts["To be decided"]) == ("1", "3")
    assert page.count("Are the two numbers swapped, or is a minus sign missing?") == 3
    asked = "{line}:latitude:outside_country"
    answers = {asked.format(line=2): "0", asked.format(line=3): "right", "cell:4:longitude": "-6.84"}
    await step(desk, report, **answers)
    done = await step(desk, report, action="import")
    assert "4 cities and territories were imported." in (await desk.browser.get(done)).text
    async with desk.database.transaction() as session:
        found = await (await session.connection()).execute(
            text("SELECT name, latitude, longitude FROM local_government WHERE network_id = :id"),
            {"id": UUID(desk.network_id)},
        )
        placed = {row.name: (row.latitude, row.longitude) for row in found}
    assert (placed["Kaunas"], placed["Cotonou"], placed["Rabat"]) == ((54.8985, 23.9036), (0, 0), (34.02, -6.84))


async def test_an_empty_file_is_told_from_none(desk: SimpleNamespace) -> None:
    token = (await fields_of(desk, desk.importing))[1]["form_token"]
    for name, words in (("places.csv", "The file is empty."), ("", "Please fill this in.")):
        files = {"file": (name, b"", "text/csv")}
        page = await desk.browser.post(desk.importing, data={"form_token": token}, files=files)
        assert (page.status_code, words in page.text) == (422, True)


async def test_faulty_rows_are_mended_in_the_page_and_imported(desk: SimpleNamespace) -> None:
    report = await check(desk, file_of(["Atlantis,XX,,95,0", "Lyon,FR,,45.76,x", "Ghost,YY,,0,0"]))
    again = await step(desk, report, cell__2__country="ES", cell__2__latitude="40", aside__4="1")
    assert again == report
    page, fields = await fields_of(desk, report)
    assert "cell:2:country" not in fields
    assert fields["cell:3:longitude"] == "x"
    await step(desk, report, cell__3__longitude="4.84")
    page, _ = await fields_of(desk, report)
    assert "Import all 2 cities and territories" in page
    done = await step(desk, report, action="import")
    page = (await desk.browser.get(done)).text
    assert "2 cities and territories were imported." in page
    assert "1 row was set aside." in page
    assert await names(desk) == ["Atlantis", "Lyon"]


async def test_nothing_is_imported_while_a_row_is_faulty(desk: SimpleNamespace) -> None:
    report = await check(desk, file_of(["Atlantis,XX,,95,0", "Lyon,FR,,45.76,4.84"]))
    assert await step(desk, report, action="import") == report
    assert await names(desk) == []


async def test_a_row_of_too_few_cells_is_completed(desk: SimpleNamespace) -> None:
    report = await check(desk, HEADING + "Lyon,FR,,45.76,4.84\n")
    page, fields = await fields_of(desk, report)
    assert "This line has not as many cells as the header." in page
    assert fields["cell:2:time_zone"] == ""
    await step(desk, report, cell__2__time_zone="Europe/Paris")
    assert "Import 1 city or territory" in (await desk.browser.get(report)).text


async def test_places_alike_are_shown_side_by_side_and_decided(desk: SimpleNamespace) -> None:
    first = await check(desk, file_of(["Málaga,ES,,36.72,-4.42"]))
    await step(desk, first, action="import")
    report = await check(desk, file_of(["Malaga,ES,,36.73,-4.42", "Vienna,AT,,48.2,16.37", "Viena,AT,,48.21,16.37"]))
    page = (await desk.browser.get(report)).text
    assert page.count("In the register") == 1
    assert "1.1 km apart" in page
    radios = sorted(set(re.findall(r'type="radio" name="([^"]+)"', page)))
    assert len(radios) == 2
    await step(desk, report, **{radios[0]: "same"})
    assert "Import all" not in (await desk.browser.get(report)).text
    await step(desk, report, **{radios[1]: "another"})
    done = await step(desk, report, action="import")
    assert "2 cities and territories were imported." in (await desk.browser.get(done)).text
    assert await names(desk) == ["Málaga", "Viena", "Vienna"]


async def test_a_newer_list_shows_what_changed_and_it_is_taken_over_by_row_or_all(desk: SimpleNamespace) -> None:
    rows = ["Lyon,FR,,45.76,4.84", "Rabat,MA,,34.02,-6.84", "Kaunas,LT,,54.9,23.9"]
    await step(desk, await check(desk, file_of(rows)), action="import")
    newer = file_of(rows).replace("1000,Europe/Madrid", "2000,Europe/Paris").replace("contact@", "new@", 1)
    report = await check(desk, newer)
    page = (await desk.browser.get(report)).text
    counts = dict(re.findall(r"<dt>([^<]+)</dt><dd>(\d+)</dd>", page))
    assert (counts["There already"], counts["To be updated"]) == ("3", "0")
    line = re.search(r"Line 2: Lyon</legend>(.*?)</fieldset>", page, re.S)
    assert line
    cells = re.findall(r'<th scope="row">([^<]+)</th><td>(.*?)</td><td>(.*?)</td>', line[1])
    assert [(name, re.sub("<[^>]+>", "", old), re.sub("<[^>]+>", "", new)) for name, old, new in cells] == [
        ("Population", "1,000", "2,000"), ("Time zone", "Europe/Madrid", "Europe/Paris"),
        ("Contact’s e-mail address", "contact@example.org", "new@example.org"),
    ]  # fmt: skip
    # Ticked and imported on the same page.
    done = await step(desk, report, action="import", update__2="1")
    told = (await desk.browser.get(done)).text
    assert "1 was updated." in told
    assert "2 were there already." in told
    report = await check(desk, newer)
    assert "Take over the values of all 2 places" in (await desk.browser.get(report)).text
    await step(desk, report, action="update")
    assert "Update 2 cities and territories" in (await desk.browser.get(report)).text
    await step(desk, report, action="leave")
    assert "Nothing is left to import" in (await desk.browser.get(report)).text
    await step(desk, report, action="update")
    done = await step(desk, report, action="import")
    assert "2 were updated." in (await desk.browser.get(done)).text
    report = await check(desk, newer)
    assert "Other values than in the register" not in (await desk.browser.get(report)).text


async def test_many_faulty_rows_come_fifty_at_a_time(desk: SimpleNamespace) -> None:
    report = await check(desk, file_of(f"Place {n},XX,,{38 + n / 100},-3.7" for n in range(120)))
    page, fields = await fields_of(desk, report)
    assert "Shown are the first 50 of 120" in page
    mended: dict[str, Any] = {name: "ES" for name in fields if name.endswith(":country")}
    assert len(mended) == 50
    await step(desk, report, **mended)
    page, fields = await fields_of(desk, report)
    assert "Shown are the first 50 of 70" in page
    assert "cell:52:country" in fields
    await step(desk, report, action="aside")
    assert "Import all 50 cities and territories" in (await desk.browser.get(report)).text
    await step(desk, report, action="undo")
    assert "Shown are the first 50 of 120" in (await desk.browser.get(report)).text


async def test_a_file_faulty_as_a_whole_is_explained(desk: SimpleNamespace) -> None:
    report = await check(desk, file_of([]))
    assert "0 rows were read: there is nothing below the headings." in unescape((await desk.browser.get(report)).text)
    report = await check(desk, HEADING.replace("latitude", "Latitud") + "x\n")
    assert "Is “latitude” meant?" in unescape((await desk.browser.get(report)).text)


async def test_a_sample_can_be_downloaded_and_imported(desk: SimpleNamespace) -> None:
    found = re.search(r'href="([^"]+)" download', (await desk.browser.get(desk.importing)).text)
    assert found
    sample = await desk.browser.get(found[1])
    assert sample.headers["content-type"].startswith("text/csv")
    report = await check(desk, sample.text)
    assert "Import all 3 cities and territories" in (await desk.browser.get(report)).text


EARLIER = (
    "name,country,latitude,longitude,time_zone,wave,committed_at,signed_on,signatory_name,signatory_office,theme1,theme2,"
    "theme3,language,contact_name,contact_email\n"
)
PLEDGED = (
    "AT,48.2,16.37,Europe/Vienna,2021,{day},2021-01-01,Eva Example,Mayor,water,{theme},peace,de,Ada,ada@example.org\n"
)


async def test_earlier_pledges_are_mended_and_brought_in(desk: SimpleNamespace) -> None:
    page = f"{desk.office}/earlier"
    assert f'href="{page}"' in (await desk.browser.get(desk.office)).text
    shown = (await desk.browser.get(page)).text
    assert "<code>housing</code>" in shown
    sample = (await desk.browser.get(f"{page}/sample.csv")).text
    assert "Import all 2 pledges" in (await desk.browser.get(await check(desk, sample, page))).text
    rows = ["Vienna," + PLEDGED.format(day="2021-05-05", theme="housing"), "Linz," + PLEDGED.format(day="?", theme="x")]
    report = await check(desk, EARLIER + "".join(rows), page)
    assert report.startswith(page + "/")
    shown, fields = await fields_of(desk, report)
    assert (fields["cell:3:committed_at"], fields["cell:3:theme2"]) == ("?", "x")
    await step(desk, report, cell__3__committed_at="2021-04-04 10:00", cell__3__theme2="housing")
    assert "Import all 2 pledges" in (await desk.browser.get(report)).text
    # The upload belongs to this campaign's pledges and to no other import.
    other = await desk.browser.get(report.replace(page, desk.importing))
    assert other.headers["location"] == desk.importing
    done = await step(desk, report, action="import")
    assert done == page
    assert "2 pledges were imported." in (await desk.browser.get(done)).text
    async with desk.database.transaction() as session:
        found = await (await session.connection()).execute(
            text("SELECT lg.name FROM commitment JOIN local_government lg ON lg.id = local_government_id"
                 " WHERE campaign_id = :id ORDER BY ordinal"),
            {"id": UUID(desk.campaign_id)},
        )  # fmt: skip
        assert list(found.scalars()) == ["Linz", "Vienna"]
    again = await check(desk, EARLIER + rows[0], page)
    assert "Nothing is left to import" in (await desk.browser.get(again)).text


async def test_the_sheet_of_a_workbook_is_chosen_and_kept_to_the_end(desk: SimpleNamespace) -> None:
    names = HEADING.strip().split(",")
    rows = [names, ["Linz", "XX", "", 48.3, 14.29, 1000, "Europe/Vienna", "de", "Ada", "ada@example.org"]]
    data = workbook_of(("Notes & more", sheet_of([["Read me"]])), ("Places", sheet_of(rows)))
    report = await check(desk, data)
    page = (await desk.browser.get(report)).text
    assert "Several sheets of this workbook have content." in page
    assert re.findall(r'type="radio" name="sheet" value="([^"]+)"', page) == ["Notes &amp; more", "Places"]
    assert "Plusieurs feuilles" in (await desk.browser.get(report.replace("/en/", "/fr/"))).text
    # Nothing chosen: it is asked again.
    await step(desk, report, action="sheet")
    assert 'name="sheet"' in (await desk.browser.get(report)).text
    await step(desk, report, action="sheet", sheet="Notes & more")
    page = (await desk.browser.get(report)).text
    assert "This column is missing." in page
    assert "Choose another sheet" in page
    await step(desk, report, action="sheet")
    await step(desk, report, action="sheet", sheet="Places")
    page, fields = await fields_of(desk, report)
    assert "Sheet: " in page
    assert fields["cell:2:country"] == "XX"
    await step(desk, report, cell__2__country="AT")
    await step(desk, report, action="undo")
    _, fields = await fields_of(desk, report)
    assert fields["cell:2:country"] == "XX"
    await step(desk, report, cell__2__country="AT")
    done = await step(desk, report, action="import")
    assert "1 city or territory was imported." in (await desk.browser.get(done)).text


async def test_the_page_takes_workbooks_and_says_so(desk: SimpleNamespace) -> None:
    page = (await desk.browser.get(desk.importing)).text
    accepted = re.search(r'type="file"[^>]* accept="([^"]+)"', page)
    assert accepted
    assert ".xlsx" in accepted[1].split(",")
    assert "or an Excel workbook (.xlsx), of which one sheet is read." in page
