"""Intake's pages."""

from services.intake.pages import answering, surveys

BLUEPRINTS = [answering.pages, surveys.pages]
