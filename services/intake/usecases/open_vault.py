"""Somebody with a reason learns which response came from which invitation, and it is on record."""

from collections.abc import Mapping

from services.intake.domain.invitation import InvitationUnknown, invitation_id
from services.intake.domain.participation import CONFIDENTIAL
from services.intake.store import Store
from services.intake.store.invitations import Invitation
from services.intake.store.responses import NoSuchResponse, response_key
from services.intake.store.vault import Use
from shared import times


class NoVault(Exception):
    """The survey's answers are not joined to invitations, or openly so."""


def open_vault(
    store: Store, *, unit: str, survey: str, who: str, reason: str, asked: Mapping[str, str]
) -> tuple[str, Invitation]:
    """The response's name and its invitation, of `asked`: {"response": name} or {"email": ...}.

    The use is recorded before anything is looked up, also where nothing is found. Raises NoVault,
    NoSuchResponse, NoSuchSurvey.
    """
    found = store.surveys.get(unit, survey)
    if found.definition.get("participation") != CONFIDENTIAL:
        raise NoVault("Only a confidential survey has a vault.")
    named = {name: value.casefold() if name == "email" else value for name, value in asked.items()}
    store.vault.note(Use(unit, survey, who, times.now(), reason, named))
    if "email" in asked:
        invitation = invitation_id(survey, asked["email"])
        response = store.vault.response_of(invitation)
    else:
        response = response_key(survey, asked["response"])
        invitation = store.vault.invitation_of(response) or ""
    try:
        if response is not None:
            return response.partition(".")[2], store.invitations.get(invitation)
    except InvitationUnknown:
        pass
    raise NoSuchResponse(str(asked))
