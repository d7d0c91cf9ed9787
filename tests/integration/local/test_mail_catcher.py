"""The mail catcher of ./dev up takes mails, and refuses what goes to a mistyped domain."""

import smtplib

import pytest
from polity_local.demo.places import MISTYPED_DOMAIN
from polity_local.running.platform import start_platform


def test_it_refuses_the_mistyped_domain_alone() -> None:
    with start_platform(names=["mail"]) as platform, smtplib.SMTP("127.0.0.1", platform.instance.ports.smtp) as client:
        client.sendmail("a@example.org", ["b@city.example"], b"Subject: x\r\n\r\nhello")
        with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
            client.sendmail("a@example.org", [f"b@{MISTYPED_DOMAIN}"], b"Subject: x\r\n\r\nhello")
        assert refused.value.recipients[f"b@{MISTYPED_DOMAIN}"][0] == 550
