"""What a problem and a fault of a field are called, in every language of the interface."""

from collections.abc import Mapping
from typing import Any

_TITLES: dict[str, dict[str, str]] = {}


def register_titles(titles: Mapping[str, Mapping[str, str]]) -> None:
    """Adds texts by slug and language; English is required, as the fallback. `{name}` is filled from `params`."""
    for slug, texts in titles.items():
        if "en" not in texts:
            raise ValueError(f"the title of {slug} lacks English")
        _TITLES[slug] = dict(texts)


def title_of(slug: str, language: str, params: Mapping[str, Any] | None = None) -> str:
    """Returns the text of a slug; an unknown one (a kind of field fault) reads as "This value is not valid."."""
    texts = _TITLES.get(slug) or _TITLES[_GROUPS.get(slug, "invalid")]
    text = texts.get(language, texts["en"])
    for name, value in (params or {}).items():
        text = text.replace(f"{{{name}}}", str(value))
    return text


_GROUPS = {
    "string_too_short": "too_short",
    "string_too_long": "too_long",
    "greater_than": "out_of_range",
    "greater_than_equal": "out_of_range",
    "less_than": "out_of_range",
    "less_than_equal": "out_of_range",
    "enum": "not_a_choice",
    "literal_error": "not_a_choice",
    "extra_forbidden": "unknown_field",
}
"""Pydantic's kinds of fault that say the same to a person."""

register_titles(
    {
        "invalid": {
            "en": "This value is not valid.",
            "es": "Este valor no es válido.",
            "fr": "Cette valeur n'est pas valable.",
        },
        "missing": {"en": "This is required.", "es": "Este dato es obligatorio.", "fr": "Ce champ est obligatoire."},
        "too_short": {"en": "This is too short.", "es": "Es demasiado corto.", "fr": "C'est trop court."},
        "too_long": {"en": "This is too long.", "es": "Es demasiado largo.", "fr": "C'est trop long."},
        "out_of_range": {
            "en": "This is outside the permitted range.",
            "es": "Está fuera del intervalo permitido.",
            "fr": "C'est hors des limites permises.",
        },
        "not_a_choice": {
            "en": "This is not one of the choices.",
            "es": "No es una de las opciones.",
            "fr": "Ce n'est pas l'un des choix.",
        },
        "unknown_field": {
            "en": "This field is not known.",
            "es": "Este campo no se conoce.",
            "fr": "Ce champ n'est pas connu.",
        },
        "malformed": {
            "en": "The request could not be read.",
            "es": "No se pudo leer la solicitud.",
            "fr": "La demande n'a pas pu être lue.",
        },
        "invalid_request": {
            "en": "Some values are not valid.",
            "es": "Algunos valores no son válidos.",
            "fr": "Certaines valeurs ne sont pas valables.",
        },
        "unauthenticated": {
            "en": "Please sign in.",
            "es": "Inicie sesión.",
            "fr": "Veuillez vous connecter.",
        },
        "forbidden": {
            "en": "You may not do this.",
            "es": "No tiene permiso para hacer esto.",
            "fr": "Vous n'avez pas le droit de faire cela.",
        },
        "not_found": {
            "en": "There is nothing here.",
            "es": "Aquí no hay nada.",
            "fr": "Il n'y a rien ici.",
        },
        "method_not_allowed": {
            "en": "This address does not take such a request.",
            "es": "Esta dirección no admite esa solicitud.",
            "fr": "Cette adresse n'accepte pas cette demande.",
        },
        "link_unknown": {
            "en": "This link is not known.",
            "es": "Este enlace no se conoce.",
            "fr": "Ce lien n'est pas connu.",
        },
        "idempotency_key_reused": {
            "en": "This Idempotency-Key was used for another request.",
            "es": "Esta Idempotency-Key se usó para otra solicitud.",
            "fr": "Cette Idempotency-Key a servi à une autre demande.",
        },
        "authority_stale": {
            "en": "Permissions can't be checked right now. Please try again shortly.",
            "es": "Ahora no se pueden comprobar los permisos. Inténtelo de nuevo en breve.",
            "fr": "Les droits ne peuvent pas être vérifiés en ce moment. Veuillez réessayer bientôt.",
        },
        "sign_in_unavailable": {
            "en": "Sign-ins can't be checked right now. Please try again shortly.",
            "es": "Ahora no se pueden comprobar los inicios de sesión. Inténtelo de nuevo en breve.",
            "fr": "Les connexions ne peuvent pas être vérifiées en ce moment. Veuillez réessayer bientôt.",
        },
        "precondition_required": {
            "en": "Say which version you are changing (If-Match).",
            "es": "Indique qué versión modifica (If-Match).",
            "fr": "Indiquez la version que vous modifiez (If-Match).",
        },
        "stale_version": {
            "en": "Someone changed this in the meantime.",
            "es": "Alguien lo modificó entretanto.",
            "fr": "Quelqu'un l'a modifié entre-temps.",
        },
        "internal": {
            "en": "Something went wrong on our side.",
            "es": "Algo falló por nuestra parte.",
            "fr": "Une erreur s'est produite de notre côté.",
        },
    }
)
