"""Intake's pages."""

from services.intake.pages import (
    answering,
    bringing,
    building,
    exporting,
    invitations,
    invited,
    later,
    receipts,
    surveys,
    trying,
    watching,
    webhooks,
)

BLUEPRINTS = [
    answering.pages,
    later.pages,
    receipts.pages,
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
