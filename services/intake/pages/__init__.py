"""Intake's pages."""

from services.intake.pages import answering, building, surveys, watching

BLUEPRINTS = [answering.pages, surveys.pages, building.pages, watching.pages]
