"""Names of local governments for lists that carry only their ids."""

from collections.abc import Iterable

from polity_portal.client.api import Api

AT_MOST = 20_000


class LocalGovernmentNames:
    """Names by id, read from the registers once. Callers ask only for ids that the API has shown to the person."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    async def of(self, ids: Iterable[str], api: Api, network_id: str, credentials: str) -> dict[str, str]:
        """Returns the names by id. Reads the network's register if an id is new; ids that it lacks are left out."""
        wanted = set(ids)
        if not wanted <= self._known.keys():
            path = f"/v1/networks/{network_id}/local-governments"
            rows = await api.every(path, credentials=credentials, limit=AT_MOST)
            self._known |= {row["local_government_id"]: row["name"] for row in rows}
        return {each: self._known[each] for each in wanted if each in self._known}
