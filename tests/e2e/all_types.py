"""A synthetic survey with every type of item, and everything that a survey can say besides."""

SCALE = {"min": 1, "max": 5}
BARS = [{"value": "early", "text": "Early"}, {"value": "late", "text": "Late, in the evening"}]
TOPICS = [
    {"value": "cv", "text": "Writing a CV"},
    {"value": "talk", "text": {"en": "Interviews", "de": "Vorstellungsgespräche"}},
    {"value": "pay", "text": "Talking about pay"},
]
ALL_TYPES = {
    "title": {"en": "Everything that can be asked", "de": "Alles, was man fragen kann"},
    "languages": ["en", "de"],
    "groups": ["student", "staff"],
    "group_titles": {"staff": {"en": "Staff and faculty", "de": "Personal"}},
    "minimum_group_size": 3,
    "synthetic": True,
    "introduction": {
        "en": "What you say decides what is built next.",
        "de": "Ihre Antworten entscheiden.",
    },
    "contact": "careers@example.org",
    "consent": {"en": "I agree that my answers are stored.", "de": "Ich willige ein."},
    "sections": [
        {
            "id": "needs",
            "title": {"en": "What you need", "de": "Was Sie brauchen"},
            "lens": "needs",
        },
        {
            "id": "more",
            "title": "About {{topic}}",
            "text": "You chose {{topic}}.",
            "visible_if": {"!!": {"var": "topic"}},
        },
    ],
    "items": [
        {
            "id": "year",
            "type": "single_choice",
            "role": "profile",
            "text": "Class year",
            "choices": [{"value": "first", "text": "First"}, {"value": "last", "text": "Last"}],
        },
        {
            "id": "advising",
            "section": "needs",
            "type": "need",
            "required": True,
            "text": {"en": "One-to-one advising", "de": "Beratung"},
            "scale": SCALE,
        },
        {
            "id": "overall",
            "section": "needs",
            "type": "rating",
            "text": "All in all",
            "scale": {**SCALE, "low": "poor", "high": "excellent"},
            "no_basis": True,
            "hint": "Think of the last year.",
        },
        {
            "id": "why",
            "section": "needs",
            "type": "text",
            "text": "What was missing?",
            "max_length": 200,
            "support": "Counselling: 555 0100\nAny hour, in confidence.",
            "visible_if": {"<": [{"var": "overall"}, 3]},
            "required_if": {"==": [{"var": "overall"}, 1]},
        },
        {"id": "nps", "section": "needs", "type": "nps", "text": "Would you recommend the centre?"},
        {
            "id": "topic",
            "section": "needs",
            "type": "single_choice",
            "text": "What comes first?",
            "choices": TOPICS,
            "other": True,
            "random": True,
        },
        {
            "id": "times",
            "section": "more",
            "type": "multiple_choice",
            "text": "When could you come?",
            "choices": [*BARS, {"value": "never", "text": "Never", "exclusive": True}],
            "other": True,
            "max_choices": 2,
        },
        {
            "id": "order",
            "section": "more",
            "type": "ranking",
            "text": "Rank these for {{topic}}",
            "choices": TOPICS,
            "no_basis": True,
        },
        {
            "id": "grid",
            "section": "more",
            "type": "matrix",
            "text": "How was each?",
            "rows": [
                {"value": "fair", "text": "The career fair"},
                {"value": "mail", "text": "The newsletter"},
            ],
            "choices": [
                {"value": "bad", "text": "Bad"},
                {"value": "fine", "text": "Fine"},
                {"value": "good", "text": "Very good"},
            ],
        },
        {
            "id": "visits",
            "section": "more",
            "type": "number",
            "text": "How often were you there?",
            "min": 0,
            "max": 50,
        },
        {
            "id": "hours",
            "section": "more",
            "type": "number",
            "text": "Hours in all",
            "decimals": 1,
            "valid_if": {
                "or": [
                    {"!": {"var": "visits"}},
                    {">=": [{"var": "hours"}, {"/": [{"var": "visits"}, 4]}]},
                ]
            },
            "valid_message": {"en": "That is less than a quarter of an hour a visit."},
        },
        {
            "id": "day",
            "section": "more",
            "type": "date",
            "text": "When were you last there?",
            "min": "2020-01-01",
        },
        {
            "id": "name",
            "section": "more",
            "type": "text",
            "multiline": False,
            "text": "Your field",
            "max_length": 60,
        },
    ],
}
