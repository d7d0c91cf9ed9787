"""What the letter of 15 July 2022 says, as data: the network, the campaign, its themes, milestones and deadline.

Themes are those the letter names. The commitment text is ours, written for this demonstration.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

ZONE = "Europe/Madrid"
"""The committee's secretariat sits in Barcelona; the letter gives its deadline no zone, so this is our reading."""

LETTER_REPLY_BY = datetime(2022, 9, 15, 23, 59, tzinfo=ZoneInfo(ZONE))
LETTER_CONGRESS_ENDS = date(2022, 10, 14)
END_OF_2030 = date(2030, 12, 31)

NETWORK: dict[str, Any] = {
    "name": {
        "en": "Committee on Social Inclusion, Participatory Democracy and Human Rights",
        "es": "Comisión de Inclusión Social, Democracia Participativa y Derechos Humanos",
        "fr": "Commission Inclusion sociale, démocratie participative et droits humains",
    },
    "fallback_language": "en",
    "time_zone": ZONE,
    "demonstration": True,
}

OFFICES = {"Grigny": "co_president", "Utrecht": "co_president"}
MEMBERS = (3014646, 2745912, 3128760, 1841811, 3530597, 2761369)
"""GeoNames ids: co-presidents Grigny and Utrecht; Barcelona, Gwangju (Metropolitan City), Mexico City, Vienna."""

THEMES: dict[str, dict[str, str]] = {
    "inequality": {"en": "Inequality", "es": "Desigualdad", "fr": "Inégalités"},
    "discrimination": {"en": "Discrimination", "es": "Discriminación", "fr": "Discriminations"},
    "racism": {"en": "Racism", "es": "Racismo", "fr": "Racisme"},
    "migrants": {"en": "Rights of migrants", "es": "Derechos de las personas migrantes", "fr": "Droits des migrants"},
    "violence_against_women": {
        "en": "Violence against women",
        "es": "Violencia contra las mujeres",
        "fr": "Violences faites aux femmes",
    },
    "hate_speech": {"en": "Hate speech", "es": "Discurso de odio", "fr": "Discours de haine"},
    "water": {"en": "Water", "es": "Agua", "fr": "Eau"},
    "food": {"en": "Food", "es": "Alimentación", "fr": "Alimentation"},
    "health": {"en": "Health", "es": "Salud", "fr": "Santé"},
    "housing": {"en": "Housing", "es": "Vivienda", "fr": "Logement"},
    "environment": {"en": "Sustainable environment", "es": "Medio ambiente sostenible", "fr": "Environnement durable"},
    "culture": {"en": "Culture", "es": "Cultura", "fr": "Culture"},
    "peace": {"en": "Peace", "es": "Paz", "fr": "Paix"},
    "security": {"en": "Security", "es": "Seguridad", "fr": "Sécurité"},
    "participation": {
        "en": "Democratic participation",
        "es": "Participación democrática",
        "fr": "Participation démocratique",
    },
    "education": {"en": "Education", "es": "Educación", "fr": "Éducation"},
    "digital_rights": {"en": "Digital rights", "es": "Derechos digitales", "fr": "Droits numériques"},
    "common_goods": {"en": "Common goods", "es": "Bienes comunes", "fr": "Biens communs"},
}

TITLE = {
    "en": "10, 100, 1000 Human Rights Cities and Territories by 2030",
    "es": "10, 100, 1000 ciudades y territorios por los derechos humanos para 2030",
    "fr": "10, 100, 1000 villes et territoires pour les droits humains d'ici 2030",
}

OBJECTIVES = {
    "en": "To make visible and organize the global movement of cities and territories wishing to commit themselves to "
    "human rights; to develop cooperation and solidarity links between our territories; and, above all, to make this "
    "commitment visible within our community of cities and in the international community.",
    "es": "Hacer visible y organizar el movimiento mundial de ciudades y territorios que desean comprometerse con los "
    "derechos humanos; desarrollar vínculos de cooperación y solidaridad entre nuestros territorios; y, sobre todo, "
    "hacer visible este compromiso en nuestra comunidad de ciudades y en la comunidad internacional.",
    "fr": "Rendre visible et organiser le mouvement mondial des villes et territoires qui souhaitent s'engager pour "
    "les droits humains ; développer des liens de coopération et de solidarité entre nos territoires ; et surtout "
    "rendre cet engagement visible dans notre communauté de villes et dans la communauté internationale.",
}

COMMITMENT_TEXT = {
    "en": "Our local government commits itself to protect and fulfil human rights in everything it decides, to begin "
    "with the three themes chosen below, and to tell its people and the other cities of this campaign what it did.",
    "es": "Nuestro gobierno local se compromete a proteger y hacer efectivos los derechos humanos en todas sus "
    "decisiones, a empezar por los tres temas elegidos abajo y a contar a su población y a las demás ciudades de esta "
    "campaña lo que ha hecho.",
    "fr": "Notre gouvernement local s'engage à protéger et à mettre en œuvre les droits humains dans toutes ses "
    "décisions, à commencer par les trois thèmes choisis ci-dessous, et à dire à sa population et aux autres villes "
    "de cette campagne ce qu'il a fait.",
}

CONGRESS = {"en": "UCLG Congress in Daejeon", "es": "Congreso de CGLU en Daejeon", "fr": "Congrès de CGLU à Daejeon"}
END = {"en": "End of 2030", "es": "Fin de 2030", "fr": "Fin 2030"}


def campaign(dates: str, today: date) -> dict[str, Any]:
    """Returns the body of `POST /v1/networks/{id}/campaigns`.

    `dates` is `letter` (the letter's own: 15 September and 14 October 2022) or `present` (the same distances from
    a letter sent today, so that links still answer). The end of 2030 stays.
    """
    shift = timedelta(0) if dates == "letter" else today - date(2022, 7, 15)
    local = LETTER_REPLY_BY.replace(tzinfo=None) + shift
    reply_by = local.replace(tzinfo=ZoneInfo(ZONE)).astimezone(UTC)
    return {
        "title": TITLE,
        "objectives": OBJECTIVES,
        "commitment_text": COMMITMENT_TEXT,
        "fallback_language": "en",
        "themes": THEMES,
        "milestones": [
            {"threshold": 10, "due": None, "occasion": {}},
            {"threshold": 100, "due": (LETTER_CONGRESS_ENDS + shift).isoformat(), "occasion": CONGRESS},
            {"threshold": 1000, "due": END_OF_2030.isoformat(), "occasion": END},
        ],
        "reply_by": {"at": reply_by.isoformat().replace("+00:00", "Z"), "time_zone": ZONE},
    }
