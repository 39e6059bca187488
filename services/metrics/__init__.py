"""Metrics: whether the plan works, as anybody may ask at any time and for any time before.

Owns recorded outcomes, cuts and snapshots. Publishes `metrics.outcomes_recorded` and
`metrics.snapshot_taken`. Listens to `intake.survey_published`, `intake.response_submitted`,
`intake.response_revised`, `intake.response_withdrawn`, and to its own `metrics.outcomes_recorded`,
so that outcomes are folded by the same machinery as answers.
"""
