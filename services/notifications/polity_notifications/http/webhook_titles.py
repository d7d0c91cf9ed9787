"""What refusals about webhooks are called in every language of the interface."""

from polity_chassis.titles import register_titles

TITLES = {
    "too_many_webhooks": (
        "There are too many subscriptions already; please remove one first.",
        "Ya hay demasiadas suscripciones; elimine una primero.",
        "Il y a déjà trop d'abonnements ; veuillez d'abord en supprimer un.",
    ),
    "webhook_disabled": (
        "This subscription is disabled; please enable it first.",
        "Esta suscripción está desactivada; actívela primero.",
        "Cet abonnement est désactivé ; veuillez d'abord l'activer.",
    ),
    "webhook_url_malformed": (
        "This is not a plain URL.",
        "Esto no es una URL sencilla.",
        "Ceci n'est pas une URL simple.",
    ),
    "webhook_url_not_https": (
        "The URL must begin with https.",
        "La URL debe empezar por https.",
        "L'URL doit commencer par https.",
    ),
    "webhook_url_port": (
        "The port must be 443 or above 1023.",
        "El puerto debe ser 443 o superior a 1023.",
        "Le port doit être 443 ou supérieur à 1023.",
    ),
    "webhook_url_credentials": (
        "The URL must not hold a user name or password.",
        "La URL no debe contener usuario ni contraseña.",
        "L'URL ne doit contenir ni nom d'utilisateur ni mot de passe.",
    ),
    "webhook_url_address": (
        "This address is not one of the public Internet.",
        "Esta dirección no es de la Internet pública.",
        "Cette adresse n'est pas une adresse de l'Internet public.",
    ),
}


def register() -> None:
    """Makes the texts known to the problem answers."""
    register_titles({slug: dict(zip(("en", "es", "fr"), title, strict=True)) for slug, title in TITLES.items()})
