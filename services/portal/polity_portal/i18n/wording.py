"""The words that pages show for the API's codes: fields, reasons, statuses, problems."""

from dataclasses import dataclass

from polity_portal.i18n.languages import N_

FIELDS = {
    "decline_reason": N_("Why not this time"),
    "reason": N_("What is missing"),
    "day": N_("New last day to answer"),
    "last_day": N_("Last day to answer"),
    "signatory_name": N_("Name of who signs"),
    "signatory_office": N_("Office"),
    "signed_on": N_("Date of signing"),
    "theme_1": N_("First theme"),
    "theme_2": N_("Second theme"),
    "theme_3": N_("Third theme"),
    "themes": N_("Themes"),
    "confirmed": N_("Confirmation"),
    "wave": N_("Name of this wave"),
    "chosen": N_("Selection"),
    "file": N_("File"),
    "name": N_("Name"),
    "country": N_("Country"),
    "subdivision": N_("Subdivision"),
    "latitude": N_("Latitude"),
    "longitude": N_("Longitude"),
    "population": N_("Population"),
    "time_zone": N_("Time zone"),
    "language": N_("Language"),
    "contact_name": N_("Contact’s name"),
    "email": N_("Contact’s e-mail address"),
    "contact_email": N_("Contact’s e-mail address"),
    "local_government_id": N_("Id in the register"),
    "role": N_("Acts as"),
    "place": N_("City or territory"),
    "local_government": N_("Which one is meant"),
    "person_name": N_("Name"),
    "person_email": N_("E-mail address"),
    "person_language": N_("Language"),
    "invited_on": N_("Invited on"),
    "interested_on": N_("Interested on"),
    "committed_at": N_("Pledged on"),
    "theme1": N_("First theme"),
    "theme2": N_("Second theme"),
    "theme3": N_("Third theme"),
    "row": N_("Whole row"),
    "header": N_("Heading row"),
    "url": N_("Address of your endpoint"),
    "description": N_("What it is for"),
}

REASONS = {
    "required": N_("Please fill this in."),
    "missing": N_("Please fill this in."),
    "too_long": N_("This is too long."),
    "not_a_date": N_("Please give a date: year, month and day."),
    "in_the_future": N_("This day is still to come."),
    "chosen_twice": N_("Each theme can be chosen once only."),
    "not_confirmed": N_("Please confirm before you send."),
    "none_chosen": N_("Nobody was chosen, or all of them are invited already."),
    "too_large": N_("The file is too large."),
    "empty": N_("The file is empty."),
    "not_in_register": N_("No city or territory of the register has this name."),
    "choose_one": N_("Please choose the one you mean."),
}

ROLES = {"secretariat": N_("Secretariat"), "representative": N_("Representative"), "operator": N_("Operations")}

INVITATION_STATUSES = {
    "": N_("All"),
    "invited": N_("Invited, no answer yet"),
    "interested": N_("Interested"),
    "declined": N_("Not this time"),
    "overdue": N_("Overdue: the deadline has passed"),
    "submitted": N_("Waits for confirmation"),
    "committed": N_("Pledged"),
    "withdrawn": N_("Pledge withdrawn"),
    "revoked": N_("Invitation withdrawn"),
}

COMMITMENT_STATUSES = {
    "submitted": N_("Waits for confirmation"),
    "returned": N_("Pledge returned"),
    "committed": N_("Pledged"),
    "withdrawn": N_("Pledge withdrawn"),
}

GOVERNMENT_STATUSES = {
    "": N_("All"),
    "none": N_("Not invited yet"),
    "invited": N_("Invited, no answer yet"),
    "interested": N_("Interested"),
    "declined": N_("Not this time"),
    "submitted": N_("Waits for confirmation"),
    "committed": N_("Pledged"),
    "withdrawn": N_("Pledge withdrawn"),
}

MAIL_STATUSES = {
    "": N_("All"),
    "waiting_address": N_("Waiting for an address"),
    "queued": N_("Waiting to be sent"),
    "sent": N_("Sent"),
    "failed": N_("Could not be delivered"),
    "expired": N_("Too late to send"),
    "cancelled_erased": N_("Cancelled: the person’s data was erased"),
    "cancelled_revoked": N_("Cancelled: withdrawn before it was sent"),
    "cancelled_answered": N_("Cancelled: answered in the meantime"),
}

MANDATE_STATUSES = {
    "": N_("All"),
    "waiting": N_("Not taken up yet"),
    "active": N_("In force"),
    "ended": N_("Has ended"),
}

MAIL_KINDS = {
    "invitation": N_("Invitation"),
    "extension": N_("Later deadline"),
    "received": N_("Pledge received"),
    "returned": N_("Pledge returned"),
    "thank_you": N_("Thank-you"),
    "milestone": N_("Milestone"),
}

MAIL_CAUSES = {
    "invitation": N_("The invitation was issued, which asked for this message."),
    "extension": N_("The time to answer was extended, which asked for this message."),
    "received": N_("A pledge was sent, which asked for this message."),
    "returned": N_("A pledge was returned, which asked for this message."),
    "thank_you": N_("The pledge was made, which asked for this message."),
    "milestone": N_("The milestone was reached, which asked for this message."),
}

MAIL_FAILURES = {
    "smtp 4": N_("The mail server could not take it just then."),
    "smtp 5": N_("The mail server refused the address or the message for good."),
    "no connection": N_("The mail server did not answer."),
    "incomplete": N_("Something that it says was not known yet."),
    "unsafe address": N_("What is in the register is not one plain e-mail address, so nothing was sent to it."),
    "unsafe header": N_("The name of its reader holds a line end, so nothing was sent."),
    "unwritable": N_("It could not be written: a fault on our side, which has been noted."),
}
"""By the beginning of the failure that notifications reports, which an SMTP code or the name of a fault follows."""

WEBHOOK_STATUSES = {
    "": N_("All"),
    "pending": N_("Waiting"),
    "delivered": N_("Delivered"),
    "exhausted": N_("Given up"),
    "cancelled": N_("Cancelled"),
}

WEBHOOK_REASONS = {
    "status": N_("The endpoint answered with an error."),
    "redirect": N_("The endpoint redirected; redirects are not followed."),
    "timeout": N_("The endpoint did not answer in time."),
    "no_connection": N_("No connection could be made, or it was closed too early."),
    "unknown_host": N_("The endpoint’s name is not known."),
    "tls": N_("The endpoint’s certificate could not be checked."),
    "address_refused": N_("The endpoint’s name leads to an address that is not on the public Internet."),
    "internal": N_("A fault on our side, which has been noted."),
    "key_missing": N_("The key of this subscription’s secret is no longer known: please make a new secret."),
}

WEBHOOK_TYPES = {
    "membership.network_founded": N_("A network was founded"),
    "membership.network_member_joined": N_("A city or territory joined a network"),
    "membership.local_government_registered": N_("A city or territory was registered"),
    "membership.campaign_opened": N_("A campaign was opened"),
    "membership.commitment_made": N_("A pledge was made"),
    "membership.commitment_withdrawn": N_("A pledge was withdrawn"),
    "membership.milestone_reached": N_("A milestone was reached"),
    "membership.milestone_announced": N_("A milestone was announced"),
    "polity.webhook_test": N_("A test"),
}

OFFICES = {"co_president": N_("Co-presidency"), "member": N_("Member")}

UNKNOWN_REASON = N_("This was not accepted.")


@dataclass(frozen=True)
class ProblemWords:
    """The page of a problem: its status, what happened, what to do."""

    status: int
    title: str
    advice: str


PROBLEMS = {
    "link_unknown": ProblemWords(
        404,
        N_("This link is not known"),
        N_("Please open the link exactly as it stands in the message you received, or ask for a new one."),
    ),
    "link_expired": ProblemWords(
        410,
        N_("This link has expired"),
        N_(
            "The day to reply by has passed. Ask the network’s secretariat, which sent you the invitation, "
            "for more time: this same link then works again."
        ),
    ),
    "link_revoked": ProblemWords(
        410,
        N_("This link has been withdrawn"),
        N_("The network’s secretariat withdrew it and can tell you more."),
    ),
    "not_found": ProblemWords(
        404, N_("Page not found"), N_("There is nothing at this address, or it is not open to you.")
    ),
    "form_refused": ProblemWords(
        403,
        N_("This form could not be accepted"),
        N_("It was open for too long or came from another site. Go back, load the page again and send it once more."),
    ),
    "sign_in_refused": ProblemWords(
        403,
        N_("Signing in did not work"),
        N_("It took too long, was cancelled, or was begun in another window. Please sign in again."),
    ),
    "unavailable": ProblemWords(
        503,
        N_("We cannot answer just now"),
        N_("A part of the platform is not answering. Please try again in a minute."),
    ),
    "failed": ProblemWords(
        500,
        N_("Something went wrong on our side"),
        N_("It has been noted. Please try again; if it happens again, tell the network’s secretariat."),
    ),
    "refused": ProblemWords(
        422,
        N_("This could not be done"),
        N_("The platform refused the request. Please go back and check what you entered."),
    ),
}
