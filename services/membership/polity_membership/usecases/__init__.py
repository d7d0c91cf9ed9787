"""Everything that membership does, one transaction each."""

from polity_membership.usecases.accept_mandate import accept_mandate
from polity_membership.usecases.add_network_member import AddNetworkMember, add_network_member
from polity_membership.usecases.announce_milestone import announce_milestone
from polity_membership.usecases.commit_to_campaign import (
    CommitToCampaign,
    Signed,
    campaigns_asked,
    commit_to_campaigns,
)
from polity_membership.usecases.confirm_commitment import confirm_commitment
from polity_membership.usecases.correct_contact import CorrectContact, correct_contact
from polity_membership.usecases.decline_invitation import decline_invitation
from polity_membership.usecases.end_mandate import end_mandate
from polity_membership.usecases.erase_entries import erase_entries
from polity_membership.usecases.erase_person import erase_person
from polity_membership.usecases.express_interest import express_interest
from polity_membership.usecases.extend_invitation import extend_invitation
from polity_membership.usecases.forget_old import forget_old
from polity_membership.usecases.found_network import FoundNetwork, found_network
from polity_membership.usecases.grant_mandate import GrantMandate, Holder, grant_mandate, grant_operator
from polity_membership.usecases.import_commitments import check_commitments, import_commitments
from polity_membership.usecases.import_local_governments import check_register, import_local_governments
from polity_membership.usecases.invite_local_governments import InviteLocalGovernments, invite_local_governments
from polity_membership.usecases.mark_people_partitions import mark_people_partitions
from polity_membership.usecases.open_campaign import OpenCampaign, open_campaign
from polity_membership.usecases.record_paper_answer import RecordPaperAnswer, record_paper_answer
from polity_membership.usecases.remove_proofs import remove_proofs
from polity_membership.usecases.republish_person import republish_person
from polity_membership.usecases.return_commitment import return_commitment
from polity_membership.usecases.revoke_invitation import revoke_invitation
from polity_membership.usecases.save_answer_draft import SaveAnswerDraft, save_answer_draft
from polity_membership.usecases.send_proof import Piece, Sender, begin_proof, find_proof, receive_piece
from polity_membership.usecases.withdraw_commitment import withdraw_commitment

__all__ = [
    "AddNetworkMember",
    "CommitToCampaign",
    "CorrectContact",
    "FoundNetwork",
    "GrantMandate",
    "Holder",
    "InviteLocalGovernments",
    "OpenCampaign",
    "Piece",
    "RecordPaperAnswer",
    "SaveAnswerDraft",
    "Sender",
    "Signed",
    "accept_mandate",
    "add_network_member",
    "announce_milestone",
    "begin_proof",
    "campaigns_asked",
    "check_commitments",
    "check_register",
    "commit_to_campaigns",
    "confirm_commitment",
    "correct_contact",
    "decline_invitation",
    "end_mandate",
    "erase_entries",
    "erase_person",
    "express_interest",
    "extend_invitation",
    "find_proof",
    "forget_old",
    "found_network",
    "grant_mandate",
    "grant_operator",
    "import_commitments",
    "import_local_governments",
    "invite_local_governments",
    "mark_people_partitions",
    "open_campaign",
    "receive_piece",
    "record_paper_answer",
    "remove_proofs",
    "republish_person",
    "return_commitment",
    "revoke_invitation",
    "save_answer_draft",
    "withdraw_commitment",
]
