"""Intake owns surveys and the responses to them.

It publishes intake.survey_published, survey_closed, response_submitted, response_revised and
response_withdrawn, and listens to what it says itself of responses, to know how many stand.
"""
