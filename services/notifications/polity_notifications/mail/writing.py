"""Writes a letter in its reader's language: subject, text and HTML. Nothing is read or sent here."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from polity_chassis.authorization.links import LinkKeys, sign

from polity_notifications.domain.deadlines import local_times
from polity_notifications.domain.deliveries import LINKED, WITH_DEADLINE, Kind
from polity_notifications.domain.texts import Said, said, same_language, supported
from polity_notifications.mail.catalogue import direction, language_name, languages
from polity_notifications.mail.voices import Plain, Rich
from polity_notifications.storage.queue import Letter

ANSWER = "answer"
"""The purpose that links to answer are signed for."""

T = TypeVar("T")
_templates = Environment(
    loader=PackageLoader("polity_notifications.mail"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


class Incomplete(Exception):
    """A fact that the mail needs hasn't arrived yet: half a mail is never written."""


@dataclass(frozen=True, slots=True)
class Written:
    """`sender_name` is the network's, in the language of the mail where it has one."""

    language: str
    sender_name: str
    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class Writer:
    """`public_url` is where the readers' browsers find the pages; the keys sign the links to answer."""

    public_url: str
    keys: LinkKeys

    def write(self, letter: Letter) -> Written:
        """Returns the mail of the letter; raises Incomplete."""
        language = _language_of(letter)
        return _written(letter, language, self._link(letter, language))

    def preview(self, letter: Letter) -> Written:
        """Returns an invitation that nobody gets yet: words stand for the reader's name, and the link has no secret."""
        language = _language_of(letter)
        named = replace(letter, person_name=Plain(language).t("preview_name"))
        return _written(named, language, f"{self.public_url}/{language}/answer/…")

    def _link(self, letter: Letter, language: str) -> str:
        if letter.kind == Kind.MILESTONE:
            return f"{self.public_url}/{language}/office/campaigns/{letter.campaign_id}"
        if letter.kind not in LINKED:
            return f"{self.public_url}/{language}/campaigns/{letter.campaign_id}"
        token = sign(self.keys, ANSWER, _here(letter.invitation_id), _here(letter.link_generation))
        return f"{self.public_url}/{language}/answer/{token}"


def _language_of(letter: Letter) -> str:
    return supported(_here(letter.language), _here(letter.network_language), languages())


def _written(letter: Letter, language: str, link: str) -> Written:
    wanted, plain = _here(letter.language), Plain(language)
    common: dict[str, Any] = {
        "language": language,
        "direction": direction(language),
        "unsupported": None if same_language(wanted, language) else language_name(wanted, language),
        "demonstration": _here(letter.demonstration),
        "subject": _subject(letter, plain),
        "link": link,
    }
    text = _render(f"{letter.kind}.txt", letter, plain, common)
    html = _render(f"{letter.kind}.html", letter, Rich(language), common)
    return Written(language, _network(letter, language).text, common["subject"], text.strip() + "\n", html)


def _render(template: str, letter: Letter, voice: Plain, common: dict[str, Any]) -> str:
    return _templates.get_template(template).render(common, t=voice.t, **dict(_particulars(letter, voice)))


def _subject(letter: Letter, plain: Plain) -> str:
    threshold = plain.number(letter.threshold) if letter.threshold else ""
    subject = plain.t(f"{letter.kind}_subject", campaign=_title(letter, plain.language).text, threshold=threshold)
    return f"[{plain.t('demonstration_subject')}] {subject}" if letter.demonstration else subject


def _title(letter: Letter, language: str) -> Said:
    return said(_here(letter.title), language, _here(letter.fallback_language))


def _network(letter: Letter, language: str) -> Said:
    return said(_here(letter.network_name), language, _here(letter.network_language))


def _particulars(letter: Letter, voice: Plain) -> Iterator[tuple[str, Any]]:
    network = _network(letter, voice.language)
    yield "person_name", voice.name(_here(letter.person_name))
    yield "network", voice.say(network)
    yield "campaign", voice.say(_title(letter, voice.language))
    if letter.kind != Kind.MILESTONE:
        yield "local_government", voice.name(_here(letter.local_government_name))
    if letter.kind not in LINKED:
        yield "ordinal", voice.number(_here(letter.ordinal))
    if letter.kind == Kind.MILESTONE:
        yield "threshold", voice.number(_here(letter.threshold))
        yield "reached", voice.moment(_here(letter.reached_at).astimezone(ZoneInfo(_here(letter.network_zone))))
    if letter.kind == Kind.INVITATION:
        objectives = said(_here(letter.objectives), voice.language, _here(letter.fallback_language))
        yield "objectives", voice.say(objectives)
    if letter.kind in WITH_DEADLINE:
        yield "deadline", _deadline(letter, voice, network)


def _deadline(letter: Letter, voice: Plain, network: Said) -> list[str]:
    times = local_times(_here(letter.reply_by), _here(letter.local_government_zone), _here(letter.network_zone))
    lines = [voice.t("deadline_here", **voice.moment(times.city))]
    if times.network:
        lines.append(voice.t("deadline_there", network=voice.say(network), **voice.moment(times.network)))
    return lines


def _here(value: T | None) -> T:
    if value is None:
        raise Incomplete
    return value
