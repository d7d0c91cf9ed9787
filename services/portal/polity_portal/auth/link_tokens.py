"""Tokens of links in mails. The portal checks their form only; the API verifies them."""

import re
from typing import Annotated

from fastapi import Depends

from polity_portal.client.problems import ApiProblem

SHAPE = re.compile(r"[A-Za-z0-9._~-]{1,300}")


def known_shape(token: str) -> str:
    """Returns the token. Raises the problem of an unknown link if it has characters that no token has, or too many."""
    if not SHAPE.fullmatch(token):
        raise ApiProblem(404, "link_unknown")
    return token


TokenDep = Annotated[str, Depends(known_shape)]
