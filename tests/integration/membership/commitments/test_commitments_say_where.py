"""A pledge that counts says in its fact who made it and where, whichever way it came: the register is for members."""

import csv
import io
from typing import Any
from uuid import UUID

import pytest

JPEG = b"\xff\xd8\xff\xe0 a letter signed by hand"
TUS = {"Tus-Resumable": "1.0.0"}
SAID = ("name", "country", "region", "latitude", "longitude")


async def by_link(world: Any, net: Any) -> str:
    campaign_id, (link,) = await net.invited(1)
    await net.commit(link)
    return str(campaign_id)


async def confirmed(world: Any, net: Any) -> str:
    campaign_id, (link,) = await net.invited(1, counts_at_once=False)
    made = await net.commit(link)
    await net.decide(made["commitment_id"], "confirmation")
    return str(campaign_id)


async def on_paper(world: Any, net: Any) -> str:
    campaign_id, _ = await net.invited(1)
    (asked,) = (await net.get(f"/v1/campaigns/{campaign_id}/invitations"))["items"]
    here = f"/v1/invitations/{asked['invitation_id']}"
    begun = await net.post(f"{here}/proofs", None, **TUS, **{"Upload-Length": str(len(JPEG))})
    piece = {**TUS, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    address = begun.headers["location"]
    assert (await world.call("PATCH", address, JPEG, as_=net.secretariat, **piece)).status_code == 204
    signed = {"signatory_name": "Invented", "signatory_office": "Mayor", "signed_on": "2026-01-31"}
    body = {**signed, "themes": ["water", "housing", "peace"], "proof_id": address.rpartition("/")[2]}
    await net.post(f"{here}/commitment", body, expect=201)
    return str(campaign_id)


async def imported(world: Any, net: Any) -> str:
    """One place that the register has already, and one that the same file brings."""
    await net.register(1)
    campaign_id = await net.campaign()
    (known,) = (await net.get(f"/v1/networks/{net.id}/local-governments"))["items"]
    pledge = {
        "wave": "2021", "invited_on": "2021-11-02", "committed_at": "2021-12-10", "signed_on": "2021-12-09",
        "signatory_name": "Invented", "signatory_office": "Mayor", "theme1": "water", "theme2": "housing",
        "theme3": "peace", "language": "es", "contact_name": "Contact", "contact_email": "contact@example.org",
    }  # fmt: skip
    new = {
        "name": "Nuevo",
        "country": "CL",
        "latitude": "-33.45",
        "longitude": "-70.66",
        "time_zone": "America/Santiago",
    }
    file = io.StringIO()
    writer = csv.DictWriter(file, ["local_government_id", *new, *pledge])
    writer.writeheader()
    writer.writerows([{"local_government_id": known["local_government_id"], **pledge}, {**new, **pledge}])
    await net.post(f"/v1/campaigns/{campaign_id}/commitment-imports", file.getvalue().encode(), expect=200)
    return str(campaign_id)


@pytest.mark.parametrize(("make", "count"), [(by_link, 1), (confirmed, 1), (on_paper, 1), (imported, 2)])
async def test_the_fact_of_a_commitment_holds_name_and_place(world: Any, net: Any, make: Any, count: int) -> None:
    campaign_id = await make(world, net)
    rows = await world.rows(
        "SELECT c.id, lg.* FROM commitment c JOIN local_government lg ON lg.id = c.local_government_id"
        " WHERE c.campaign_id = :id",
        id=UUID(campaign_id),
    )
    assert len(rows) == count
    for row in rows:
        commitment = (await world.rows("SELECT id FROM commitment WHERE local_government_id = :id", id=row["id"]))[0]
        (made,) = [data for name, _, data in await world.facts(commitment["id"]) if name == "commitment_made"]
        assert {name: made[name] for name in SAID} == {name: row[name] for name in SAID}
