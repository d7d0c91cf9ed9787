"""What refusals about webhooks are called in every language of the interface."""

from polity_chassis.web.headers import LANGUAGES
from polity_chassis.web.titles import register_titles

TITLES = {
    "too_many_webhooks": (
        "There are too many subscriptions already; please remove one first.",
        "Ya hay demasiadas suscripciones; elimine una primero.",
        "Il y a déjà trop d'abonnements ; veuillez d'abord en supprimer un.",
        "Já existem demasiadas subscrições; remova primeiro uma.",
        "구독이 이미 너무 많습니다. 먼저 하나를 삭제해 주세요.",
        "هناك اشتراكات كثيرة بالفعل؛ يُرجى حذف أحدها أولاً.",
    ),
    "webhook_disabled": (
        "This subscription is disabled; please enable it first.",
        "Esta suscripción está desactivada; actívela primero.",
        "Cet abonnement est désactivé ; veuillez d'abord l'activer.",
        "Esta subscrição está desativada; ative-a primeiro.",
        "이 구독은 비활성화되어 있습니다. 먼저 활성화해 주세요.",
        "هذا الاشتراك معطَّل؛ يُرجى تفعيله أولاً.",
    ),
    "webhook_type_not_public": (
        "Facts of this type are not public any more, so this one is not sent again.",
        "Los hechos de este tipo ya no son públicos: este no se vuelve a enviar.",
        "Les faits de ce type ne sont plus publics : celui-ci n'est pas renvoyé.",
        "Os factos deste tipo já não são públicos: este não volta a ser enviado.",
        "이 유형의 사실은 더 이상 공개되지 않으므로 다시 보내지 않습니다.",
        "لم تعد الوقائع من هذا النوع علنية، فلا تُرسل هذه الواقعة مرة أخرى.",
    ),
    "webhook_url_malformed": (
        "This is not a plain URL.",
        "Esto no es una URL sencilla.",
        "Ceci n'est pas une URL simple.",
        "Isto não é um URL simples.",
        "올바른 형식의 URL이 아닙니다.",
        "هذا ليس عنوان URL بسيطاً.",
    ),
    "webhook_url_not_https": (
        "The URL must begin with https.",
        "La URL debe empezar por https.",
        "L'URL doit commencer par https.",
        "O URL deve começar por https.",
        "URL은 https로 시작해야 합니다.",
        "يجب أن يبدأ عنوان URL بـ https.",
    ),
    "webhook_url_port": (
        "The port must be 443 or above 1023.",
        "El puerto debe ser 443 o superior a 1023.",
        "Le port doit être 443 ou supérieur à 1023.",
        "A porta deve ser 443 ou superior a 1023.",
        "포트는 443이거나 1023보다 커야 합니다.",
        "يجب أن يكون المنفذ 443 أو أكبر من 1023.",
    ),
    "webhook_url_credentials": (
        "The URL must not hold a user name or password.",
        "La URL no debe contener usuario ni contraseña.",
        "L'URL ne doit contenir ni nom d'utilisateur ni mot de passe.",
        "O URL não deve conter nome de utilizador nem palavra-passe.",
        "URL에 사용자 이름이나 비밀번호가 있으면 안 됩니다.",
        "يجب ألا يحتوي عنوان URL على اسم مستخدم أو كلمة مرور.",
    ),
    "webhook_url_address": (
        "This address is not one of the public Internet.",
        "Esta dirección no es de la Internet pública.",
        "Cette adresse n'est pas une adresse de l'Internet public.",
        "Este endereço não pertence à Internet pública.",
        "공용 인터넷 주소가 아닙니다.",
        "هذا العنوان ليس من عناوين الإنترنت العام.",
    ),
}


def register() -> None:
    """Makes the texts known to the problem answers."""
    register_titles({slug: dict(zip(LANGUAGES, title, strict=True)) for slug, title in TITLES.items()})
