"""Links in mails, as far as the portal looks at them: only their shape, the API judges the rest."""

import re
from typing import Annotated

from fastapi import Depends

from polity_portal.client.problems import ApiProblem

SHAPE = re.compile(r"[A-Za-z0-9._~-]{1,300}")


def known_shape(token: str) -> str:
    """The token when it could be one. Raises the same problem as for a token that nobody knows."""
    if not SHAPE.fullmatch(token):
        raise ApiProblem(404, "link_unknown")
    return token


TokenDep = Annotated[str, Depends(known_shape)]
