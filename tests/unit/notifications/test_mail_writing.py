"""What a mail says, in the reader's language and times."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from unicodedata import bidirectional
from uuid import UUID

import pytest
from polity_chassis.authorization.links import LinkKeys, verify
from polity_chassis.web.headers import LANGUAGES
from polity_notifications.mail.voices import Plain
from polity_notifications.mail.writing import Incomplete, Writer
from polity_notifications.storage.queue import Letter

Make = Callable[..., Letter]
MILESTONE = {
    "kind": "milestone", "threshold": 1000, "ordinal": 1000, "reached_at": datetime(2030, 3, 1, 23, 30, tzinfo=UTC),
    "local_government_name": None, "local_government_zone": None, "invitation_id": None, "link_generation": None,
    "reply_by": None,
}  # fmt: skip


def test_the_deadline_stands_in_the_citys_time_and_in_the_networks(writer: Writer, letter: Make) -> None:
    written = writer.write(letter())
    for part in (written.text, written.html):
        assert "Monday, 16 September 2030, 06:59 (Korean Standard Time, UTC+09:00)" in part
        assert "Sunday, 15 September 2030, 23:59 (Central European Summer Time, UTC+02:00)" in part


def test_one_time_is_enough_where_both_clocks_agree(writer: Writer, letter: Make) -> None:
    written = writer.write(letter(local_government_zone="Europe/Paris", language="es"))
    assert written.text.count("domingo, 15 de septiembre de 2030, 23:59") == 1


@pytest.mark.parametrize(
    ("language", "subject", "greeting"),
    [
        ("en", "Invitation to join: Rights Cities", "Dear Ana Ruiz,"),
        ("es-MX", "Invitación a adherirse: Ciudades por los derechos", "Hola, Ana Ruiz:"),
        ("fr", "Invitation à rejoindre\u202f: Rights Cities", "Bonjour Ana Ruiz,"),
        ("pt-BR", "Convite para aderir: Rights Cities", "Olá, Ana Ruiz:"),
        ("ko", "참여 초대: Rights Cities", "Ana Ruiz 님께"),
        ("ar-EG", "دعوة إلى الانضمام: Rights Cities", "تحية طيبة، Ana Ruiz،"),
    ],
)
def test_a_mail_speaks_the_readers_language(
    writer: Writer, letter: Make, language: str, subject: str, greeting: str
) -> None:
    written = writer.write(letter(language=language))
    assert written.subject == subject
    assert written.sender_name == ("La Comisión" if language == "es-MX" else "The Committee")
    assert greeting in written.text
    direction = "rtl" if language.startswith("ar") else "ltr"
    assert f'<html lang="{language[:2]}" dir="{direction}">' in written.html


def test_a_mail_from_right_to_left_keeps_names_in_order(writer: Writer, letter: Make) -> None:
    written = writer.write(letter(language="ar", local_government_name="Gwangju (<1>)"))
    assert "<bdi>Ana Ruiz</bdi>" in written.html
    assert "<bdi>Gwangju (&lt;1&gt;)</bdi>" in written.html
    assert '<span lang="en" dir="ltr">The Committee</span> (بهذه اللغة: الإنجليزية)' in written.html
    assert bidirectional(written.subject[0]) == "AL"
    assert "<bdi>" not in writer.write(letter()).html


@pytest.mark.parametrize(
    ("language", "local"),
    [
        ("pt", "segunda-feira, 16 de setembro de 2030, 06:59"),
        ("ko", "2030년 9월 16일 월요일 오전 6:59"),
        ("ar", "الاثنين، 16 سبتمبر 2030، 6:59 ص"),
    ],
)
def test_a_deadline_is_written_as_the_language_writes_it(
    writer: Writer, letter: Make, language: str, local: str
) -> None:
    assert local in writer.write(letter(language=language)).text


def test_what_is_borrowed_from_another_language_says_so_and_is_marked(writer: Writer, letter: Make) -> None:
    written = writer.write(letter(language="fr"))
    assert "Gather a thousand. (en anglais)" in written.text
    assert '<span lang="en" dir="ltr">Gather a thousand.</span> (en anglais)' in written.html


def test_a_reader_of_a_language_we_do_not_write_is_told_so(writer: Writer, letter: Make) -> None:
    written = writer.write(letter(language="sw", network_language="es"))
    assert written.language == "es"
    assert "en su idioma (suajili)" in written.text
    assert "en su idioma" not in writer.write(letter(language="es")).text


def test_the_link_proves_the_invitation_and_its_present_generation(
    writer: Writer, letter: Make, keys: LinkKeys
) -> None:
    written = writer.write(letter(language="es"))
    start = "http://localhost:8080/es/answer/"
    token = written.text.split(start)[1].split()[0]
    proven = verify(keys, "answer", token)
    assert (proven.id, proven.generation) == (UUID(int=3), 2)
    assert f'href="{start}{token}"' in written.html


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_demonstration_says_so_in_subject_text_and_html(writer: Writer, letter: Make, language: str) -> None:
    shown = writer.write(letter(demonstration=True, language=language))
    assert shown.subject.startswith("[")
    assert "demonstration data" in shown.text
    assert "demonstration data" in shown.html
    real = writer.write(letter(language=language))
    assert "demonstration" not in (real.subject + real.text + real.html)


def test_what_others_wrote_cannot_become_markup_or_a_place_to_fill(writer: Writer, letter: Make) -> None:
    written = writer.write(letter(person_name="<b>{link}", title={"en": "<script>{0}"}))
    assert "<script>" not in written.html
    assert "Dear &lt;b&gt;{link}," in written.html
    assert "Dear <b>{link}," in written.text


def test_a_thank_you_names_the_number_of_the_pledge_and_shows_the_campaign(writer: Writer, letter: Make) -> None:
    written = writer.write(letter(kind="thank_you", ordinal=1000, invitation_id=None, reply_by=None))
    assert "pledge number 1000" in written.text
    assert f"http://localhost:8080/en/campaigns/{UUID(int=2)}" in written.text


def test_news_of_a_milestone_says_when_in_the_networks_time(writer: Writer, letter: Make) -> None:
    written = writer.write(letter(**MILESTONE, language="es"))
    assert written.subject == "Hito de 1000 alcanzado: Ciudades por los derechos"
    assert "sábado, 2 de marzo de 2030, 0:30" in written.text


SUBMITTED = {
    "extension": ("More time to answer", "16 September 2030"),
    "received": ("We received your pledge", "has confirmed who signed it"),
    "returned": ("Please send your pledge again", "16 September 2030"),
}


@pytest.mark.parametrize("kind", SUBMITTED)
def test_what_becomes_of_a_pledge_is_told_with_the_link(writer: Writer, letter: Make, kind: str) -> None:
    subject, sentence = SUBMITTED[kind]
    written = writer.write(letter(kind=kind))
    assert written.subject == f"{subject}: Rights Cities"
    for part in (written.text, written.html):
        assert sentence in part
        assert "http://localhost:8080/en/answer/" in part


def test_news_of_a_milestone_says_that_it_can_be_announced_and_where(writer: Writer, letter: Make) -> None:
    written = writer.write(letter(**MILESTONE))
    assert "It can be announced now" in written.text
    assert f"http://localhost:8080/en/office/campaigns/{UUID(int=2)}" in written.html


@pytest.mark.parametrize("missing", ["title", "network_name", "local_government_zone", "person_name", "reply_by"])
def test_half_a_mail_is_never_written(writer: Writer, letter: Make, missing: str) -> None:
    with pytest.raises(Incomplete):
        writer.write(letter(**{missing: None}))


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_invitation_leads_to_the_letter_for_who_signs_on_paper(writer: Writer, letter: Make, language: str) -> None:
    written = writer.write(letter(language=language))
    (place,) = re.findall(r"(\S+/answer/\S+)/letter$", written.text, re.MULTILINE)
    assert f"{place}\n" in written.text
    assert f'href="{place}/letter"' in written.html
    assert Plain(language).t("invitation_paper") in written.text


def test_a_preview_reads_like_the_invitation_but_for_the_name_and_the_secret(
    writer: Writer, keys: LinkKeys, letter: Make
) -> None:
    sent = writer.write(letter(language="es"))
    shown = writer.preview(letter(language="es", person_name=None, invitation_id=None, link_generation=None))
    token = re.search(r"/answer/([^/\s]+)", sent.text)
    assert token
    assert verify(keys, "answer", token[1])
    assert shown.subject == sent.subject
    assert shown.text == sent.text.replace("Ana Ruiz", "[nombre del contacto]").replace(token[1], "…")
