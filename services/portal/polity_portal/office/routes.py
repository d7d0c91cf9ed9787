"""The routers of the package, in the order in which the application includes them."""

from polity_portal.office import campaign, decisions, home, imports, invite, mail, mandates, paper_letters

ROUTERS = (
    home.router,
    campaign.router,
    mail.router,
    mandates.router,
    decisions.router,
    paper_letters.router,
    invite.router,
    imports.router,
)
