"""Somebody answers with the link of an invitation.

The order of the writes is the promise: the invitation keeps to this link, the answer is stored,
the invitation is spent. Whatever dies in between, sending again with the same link completes it,
and no other link of the invitation ever makes a second answer. The vault, where there is one,
knows the pair before there is an answer to be asked about.
"""

from collections.abc import Mapping
from typing import Any

from pymongo.errors import PyMongoError

from services.intake.domain.invitation import (
    Carried,
    InvitationUnknown,
    answer_name,
    check_invited,
)
from services.intake.domain.participation import ANONYMOUS, CONFIDENTIAL, IDENTIFIED
from services.intake.store import Store
from services.intake.store.invitations import Invitation
from services.intake.store.responses import ResponseConflict, ResponseErased, response_key
from services.intake.usecases.submit_response import Submitted, submit_response


def find_invitation(store: Store, secret: str) -> Invitation:
    """Whose link this is. Raises InvitationUnknown."""
    return store.invitations.by_secret(secret)


def answer_invitation(
    store: Store,
    *,
    survey: str,
    secret: str,
    group: Any,
    profile: Mapping[str, Any],
    answers: Mapping[str, Any],
    version: int | None = None,
) -> Submitted:
    """Store the answer once, however often and with however many links it is sent.

    Raises InvitationUnknown, InvitationSpent, and as `submit_response`.
    """
    asked = store.surveys.for_answering(survey, version)
    invitation = store.invitations.by_secret(secret)
    if invitation.survey != survey:
        raise InvitationUnknown("This link belongs to another survey.")
    name = answer_name(secret)
    carried = _carried(invitation, asked.participation)
    # What is refused anyway binds the invitation to no link.
    check_invited(asked.definition, carried, group, profile, answers)
    store.invitations.claim(invitation.id, secret)
    if asked.participation == CONFIDENTIAL:
        store.vault.keep(asked.unit, response_key(survey, name), invitation.id)
    try:
        submitted = submit_response(
            store,
            survey=survey, name=name, group=group, profile=profile, answers=answers,
            carried=carried, version=version,
        )  # fmt: skip
    except PyMongoError:
        raise  # it may be stored for all we know
    except (ResponseConflict, ResponseErased):
        store.invitations.spend(invitation.id, secret)
        raise
    except Exception:
        store.invitations.release(invitation.id, secret)
        raise
    store.invitations.spend(invitation.id, secret)
    return submitted


def _carried(invitation: Invitation, participation: str) -> Carried:
    """All of the profile where answers are no secret; else what was settled with its first link."""
    if participation == ANONYMOUS:
        return Carried(invitation.group, invitation.carried or {})
    invitee = invitation.id if participation == IDENTIFIED else None
    return Carried(invitation.group, invitation.profile, invitee)
