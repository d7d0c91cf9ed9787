"""What every service can say when it refuses is written in every language of the interface."""

import json
import re
from importlib.resources import files

from polity_chassis.web.headers import LANGUAGES
from polity_chassis.web.titles import title_of

TITLES: dict[str, dict[str, str]] = json.loads(files("polity_chassis.web").joinpath("titles.json").read_text("utf-8"))


def test_every_title_is_in_every_language() -> None:
    for slug, texts in TITLES.items():
        assert tuple(texts) == LANGUAGES, slug
        assert len(set(texts.values())) == len(LANGUAGES), slug
        places = {frozenset(re.findall(r"\{\w+\}", text)) for text in texts.values()}
        assert len(places) == 1, slug


def test_a_title_is_said_in_the_callers_language() -> None:
    said = [title_of("not_found", "refused", language) for language in ("pt", "ko", "ar", "sw")]
    assert said == ["Não há nada aqui.", "여기에는 아무것도 없습니다.", "لا شيء هنا.", "There is nothing here."]
