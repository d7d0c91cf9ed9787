"""What refusals to send a mail once more are called in every language of the interface."""

from polity_chassis.web.headers import LANGUAGES
from polity_chassis.web.titles import register_titles

TITLES = {
    "mail_reader_erased": (
        "The reader's personal data was erased, so nothing is sent to them.",
        "Los datos personales del destinatario se borraron: no se le envía nada.",
        "Les données personnelles du destinataire ont été effacées : rien ne lui est envoyé.",
        "Os dados pessoais do destinatário foram apagados: nada lhe é enviado.",
        "수신자의 개인정보가 삭제되어 보낼 수 없습니다.",
        "مُحيت البيانات الشخصية للمتلقي، فلا يُرسل إليه شيء.",
    ),
    "mail_under_way": (
        "This message is waiting to be sent already.",
        "Este mensaje ya está a la espera de enviarse.",
        "Ce message attend déjà d'être envoyé.",
        "Esta mensagem já está à espera de ser enviada.",
        "이 메시지는 이미 발송을 기다리고 있습니다.",
        "هذه الرسالة تنتظر الإرسال بالفعل.",
    ),
    "mail_sent_just_now": (
        "This message was sent only minutes ago; please wait ten minutes.",
        "Este mensaje se envió hace solo unos minutos; espere diez minutos.",
        "Ce message vient d'être envoyé ; veuillez attendre dix minutes.",
        "Esta mensagem foi enviada há poucos minutos; aguarde dez minutos.",
        "이 메시지는 방금 발송되었습니다. 10분 후에 다시 시도해 주세요.",
        "أُرسلت هذه الرسالة قبل دقائق فقط؛ يُرجى الانتظار عشر دقائق.",
    ),
    "mail_invitation_revoked": (
        "The invitation was withdrawn, so its message is not sent again.",
        "La invitación fue retirada: su mensaje no se vuelve a enviar.",
        "L'invitation a été retirée : son message n'est pas renvoyé.",
        "O convite foi retirado: a sua mensagem não volta a ser enviada.",
        "초대가 철회되어 메시지를 다시 보내지 않습니다.",
        "سُحبت الدعوة، فلا تُرسل رسالتها مرة أخرى.",
    ),
    "mail_invitation_answered": (
        "The pledge counts already, so this message is not sent again.",
        "El compromiso ya cuenta: este mensaje no se vuelve a enviar.",
        "L'engagement compte déjà : ce message n'est pas renvoyé.",
        "O compromisso já conta: esta mensagem não volta a ser enviada.",
        "서약이 이미 집계되어 이 메시지를 다시 보내지 않습니다.",
        "الالتزام محسوب بالفعل، فلا تُرسل هذه الرسالة مرة أخرى.",
    ),
    "mail_invitation_declined": (
        'The answer was "not this time", so this message is not sent again.',
        "La respuesta fue «esta vez no»: este mensaje no se vuelve a enviar.",
        "La réponse a été « pas cette fois » : ce message n'est pas renvoyé.",
        "A resposta foi «desta vez não»: esta mensagem não volta a ser enviada.",
        "'이번에는 참여하지 않음'으로 답했으므로 이 메시지를 다시 보내지 않습니다.",
        "كان الرد «ليس هذه المرة»، فلا تُرسل هذه الرسالة مرة أخرى.",
    ),
    "mail_pledge_given": (
        "The pledge was sent already, so this message is not sent again.",
        "La adhesión ya se envió: este mensaje no se vuelve a enviar.",
        "L'adhésion a déjà été envoyée : ce message n'est pas renvoyé.",
        "A adesão já foi enviada: esta mensagem não volta a ser enviada.",
        "서약이 이미 제출되어 이 메시지를 다시 보내지 않습니다.",
        "أُرسل الالتزام بالفعل، فلا تُرسل هذه الرسالة مرة أخرى.",
    ),
    "mail_pledge_returned": (
        "The pledge was returned since, so this message is not sent again.",
        "La adhesión se devolvió después: este mensaje no se vuelve a enviar.",
        "L'adhésion a été renvoyée à la ville depuis : ce message n'est pas renvoyé.",
        "A adesão foi devolvida entretanto: esta mensagem não volta a ser enviada.",
        "그 후 서약이 반려되어 이 메시지를 다시 보내지 않습니다.",
        "أُعيد الالتزام بعد ذلك، فلا تُرسل هذه الرسالة مرة أخرى.",
    ),
    "mail_pledge_withdrawn": (
        "The pledge was withdrawn, so this message is not sent again.",
        "La adhesión fue retirada: este mensaje no se vuelve a enviar.",
        "L'adhésion a été retirée : ce message n'est pas renvoyé.",
        "A adesão foi retirada: esta mensagem não volta a ser enviada.",
        "서약이 철회되어 이 메시지를 다시 보내지 않습니다.",
        "سُحب الالتزام، فلا تُرسل هذه الرسالة مرة أخرى.",
    ),
    "mail_mandate_ended": (
        "The reader no longer belongs to the secretariat, so nothing is sent to them.",
        "El destinatario ya no pertenece a la secretaría: no se le envía nada.",
        "Le destinataire ne fait plus partie du secrétariat : rien ne lui est envoyé.",
        "O destinatário já não pertence à secretaria: nada lhe é enviado.",
        "수신자가 더 이상 사무국 소속이 아니므로 보낼 수 없습니다.",
        "لم يعد المتلقي من الأمانة، فلا يُرسل إليه شيء.",
    ),
    "mail_deadline_passed": (
        "The time to answer is over: give more time first.",
        "El plazo para responder ha terminado: amplíelo primero.",
        "Le délai de réponse est passé : prolongez-le d'abord.",
        "O prazo para responder terminou: prolongue-o primeiro.",
        "응답 기한이 지났습니다. 먼저 기한을 연장해 주세요.",
        "انقضى موعد الرد: مدّد المهلة أولاً.",
    ),
}


def register() -> None:
    """Makes the texts known to the problem answers."""
    register_titles({slug: dict(zip(LANGUAGES, title, strict=True)) for slug, title in TITLES.items()})
