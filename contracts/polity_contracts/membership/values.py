"""Values that several facts have."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict

Text = dict[str, str]
"""Language (BCP 47) to text."""


class Deadline(BaseModel):
    """A date and time somewhere: the instant in UTC and the IANA zone in which it was set."""

    model_config = ConfigDict(frozen=True)

    at: datetime
    time_zone: str
