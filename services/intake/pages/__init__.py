"""Intake's pages."""

from services.intake.pages import (
    answering,
    bringing,
    building,
    exporting,
    invitations,
    invited,
    surveys,
    trying,
    watching,
    webhooks,
)

BLUEPRINTS = [
    answering.pages,
    invited.pages,
    invitations.pages,
    surveys.pages,
    building.pages,
    watching.pages,
    exporting.pages,
    trying.pages,
    bringing.pages,
    webhooks.pages,
]
