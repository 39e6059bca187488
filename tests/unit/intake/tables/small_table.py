"""A small mapping, and the table that fits it."""

SCALE = {"min": 1, "max": 5}
NEED = {
    "id": "advising",
    "text": "Advising",
    "type": "need",
    "importance": "imp",
    "satisfaction": "sat",
    "use": {"8": "unaware", "9": "unused"},
    "scale": SCALE,
}
RATING = {
    "id": "overall",
    "text": "Overall",
    "type": "rating",
    "role": "overall_satisfaction",
    "column": "all",
    "scale": SCALE,
}
YEAR = {
    "id": "year",
    "text": "Year",
    "type": "single_choice",
    "role": "profile",
    "column": "year",
    "choices": {"1": "First", "2": "Later"},
}
WHY = {"id": "why", "text": "Why?", "type": "text", "column": "why", "max_length": 20}
MAPPING = {
    "title": "Fictional",
    "synthetic": True,
    "group": {"column": "who"},
    "missing": [0],
    "items": [NEED, RATING, YEAR, WHY],
}
HEADER = "who,imp,sat,all,year,why"
