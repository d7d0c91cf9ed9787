"""What membership's refusals and faults are called in every language of the interface."""

from polity_chassis.titles import register_titles

from polity_membership.domain.register import MAX_ROWS

REFUSALS = {
    "link_revoked": (
        "This link was withdrawn.",
        "Este enlace fue retirado.",
        "Ce lien a été retiré.",
    ),
    "link_expired": (
        "The time to answer is over.",
        "El plazo para responder ha terminado.",
        "Le délai de réponse est passé.",
    ),
    "deadline_passed": (
        "The time to answer is already over: choose a later deadline first.",
        "El plazo para responder ya terminó: elija antes una fecha posterior.",
        "Le délai de réponse est déjà passé : choisissez d'abord une date ultérieure.",
    ),
    "already_committed": (
        "This local government has already made its pledge.",
        "Este gobierno local ya presentó su adhesión.",
        "Cette collectivité a déjà pris son engagement.",
    ),
    "themes_invalid": (
        "Please rank three different themes of the campaign.",
        "Ordene tres temas distintos de la campaña.",
        "Veuillez classer trois thèmes différents de la campagne.",
    ),
    "signed_in_future": (
        "The date of signature lies in the future.",
        "La fecha de la firma está en el futuro.",
        "La date de signature est dans le futur.",
    ),
    "milestones_invalid": (
        "Milestones must be different numbers, the smallest first.",
        "Los hitos deben ser números distintos, el menor primero.",
        "Les étapes doivent être des nombres différents, le plus petit d'abord.",
    ),
    "themes_missing": (
        "A campaign needs at least three themes.",
        "Una campaña necesita al menos tres temas.",
        "Une campagne a besoin d'au moins trois thèmes.",
    ),
    "fallback_missing": (
        "A text is missing in the fallback language.",
        "Falta un texto en el idioma principal.",
        "Un texte manque dans la langue principale.",
    ),
    "local_government_unknown": (
        "A local government is not in the network's register.",
        "Un gobierno local no está en el registro de la red.",
        "Une collectivité n'est pas dans le registre du réseau.",
    ),
    "already_member": (
        "This local government is already a member.",
        "Este gobierno local ya es miembro.",
        "Cette collectivité est déjà membre.",
    ),
    "too_many_invitations": (
        "At most 5,000 can be invited at once.",
        "Se puede invitar a 5.000 como máximo a la vez.",
        "On peut inviter 5 000 collectivités au plus à la fois.",
    ),
    "one_selection": (
        "Choose either a list of local governments or all of them.",
        "Elija una lista de gobiernos locales o todos.",
        "Choisissez une liste de collectivités ou toutes.",
    ),
    "role_not_grantable": (
        "This role can't be granted here.",
        "Este papel no se puede otorgar aquí.",
        "Ce rôle ne peut pas être attribué ici.",
    ),
    "mandate_already_linked": (
        "This mandate is already linked to another sign-in.",
        "Este mandato ya está vinculado a otra cuenta.",
        "Ce mandat est déjà lié à un autre compte.",
    ),
    "mandate_ended": (
        "This mandate has ended.",
        "Este mandato ha terminado.",
        "Ce mandat a pris fin.",
    ),
    "import_refused": (
        "The file has faults; nothing was imported.",
        "El archivo tiene errores; no se importó nada.",
        "Le fichier contient des erreurs ; rien n'a été importé.",
    ),
}

FAULTS = {
    "too_large": (
        "The file is larger than 5 MB.",
        "El archivo supera los 5 MB.",
        "Le fichier dépasse 5 Mo.",
    ),
    "too_many_rows": (
        f"The file has more than {MAX_ROWS:,} rows.",
        f"El archivo tiene más de {MAX_ROWS} filas.",
        f"Le fichier a plus de {MAX_ROWS} lignes.",
    ),
    "empty_file": ("The file is empty.", "El archivo está vacío.", "Le fichier est vide."),
    "wrong_encoding": (
        "This line is not UTF-8. Save the file as CSV UTF-8.",
        "Esta línea no está en UTF-8. Guarde el archivo como CSV UTF-8.",
        "Cette ligne n'est pas en UTF-8. Enregistrez le fichier en CSV UTF-8.",
    ),
    "not_csv": (
        "The file can't be read as CSV from this line on.",
        "El archivo no se puede leer como CSV a partir de esta línea.",
        "À partir de cette ligne, le fichier ne se lit pas comme CSV.",
    ),
    "column_missing": (
        "This column is missing. Columns are separated by commas.",
        "Falta esta columna. Las columnas se separan con comas.",
        "Cette colonne manque. Les colonnes sont séparées par des virgules.",
    ),
    "column_repeated": (
        "This column appears twice.",
        "Esta columna aparece dos veces.",
        "Cette colonne apparaît deux fois.",
    ),
    "column_unknown": (
        "This column is not known.",
        "Esta columna no se conoce.",
        "Cette colonne n'est pas connue.",
    ),
    "cell_count": (
        "This line has not as many cells as the header.",
        "Esta línea no tiene tantas celdas como el encabezado.",
        "Cette ligne n'a pas autant de cellules que l'en-tête.",
    ),
    "control_character": (
        "There is a line break or an invisible character in it.",
        "Contiene un salto de línea o un carácter invisible.",
        "Il contient un saut de ligne ou un caractère invisible.",
    ),
    "formula_like": (
        "It begins like a spreadsheet formula (=, +, -, @).",
        "Empieza como una fórmula de hoja de cálculo (=, +, -, @).",
        "Il commence comme une formule de tableur (=, +, -, @).",
    ),
    "unknown_country": (
        "This is not a country code of ISO 3166-1 (two letters).",
        "No es un código de país ISO 3166-1 (dos letras).",
        "Ce n'est pas un code de pays ISO 3166-1 (deux lettres).",
    ),
    "not_a_number": (
        "This is not a plain number (decimal point, no other separators).",
        "No es un número simple (punto decimal, sin otros separadores).",
        "Ce n'est pas un nombre simple (point décimal, sans autre séparateur).",
    ),
    "unknown_time_zone": (
        "This is not an IANA time zone such as Europe/Madrid.",
        "No es una zona horaria IANA como Europe/Madrid.",
        "Ce n'est pas un fuseau horaire IANA tel que Europe/Madrid.",
    ),
    "unknown_language": (
        "This is not a language tag such as en, es or fr.",
        "No es una etiqueta de idioma como en, es o fr.",
        "Ce n'est pas un code de langue tel que en, es ou fr.",
    ),
    "bad_email": (
        "This is not one plain email address.",
        "No es una única dirección de correo válida.",
        "Ce n'est pas une seule adresse électronique valable.",
    ),
    "duplicate_in_file": (
        "The same place (name, country, coordinates) is in an earlier line.",
        "El mismo lugar (nombre, país, coordenadas) está en una línea anterior.",
        "Le même lieu (nom, pays, coordonnées) figure à une ligne précédente.",
    ),
    "duplicate_in_register": (
        "The same place (name, country, coordinates) is already in the register.",
        "El mismo lugar (nombre, país, coordenadas) ya está en el registro.",
        "Le même lieu (nom, pays, coordonnées) est déjà dans le registre.",
    ),
}


def register_membership_titles() -> None:
    """Makes the titles known to the mapper of problems."""
    texts = {**REFUSALS, **FAULTS}
    register_titles({slug: dict(zip(("en", "es", "fr"), title, strict=True)) for slug, title in texts.items()})
