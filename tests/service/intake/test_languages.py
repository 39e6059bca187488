"""Every page that a respondent can meet speaks one language, and says which."""

import re
from dataclasses import dataclass, field
from html import unescape
from string import Formatter

import pytest
from flask import Flask, template_rendered

from services.intake.domain.invitation import invitation_id, opt_out_token
from services.intake.wording import CATALOGUE
from tests.e2e.all_types import ALL_TYPES
from tests.service.callers import Caller
from tests.unit.intake.test_wording import PARTS, RESPONDENTS

SECRET = "a secret that is long enough"
TEXTS = {
    "text", "title", "hint", "support", "low", "high", "introduction", "contact", "consent",
    "valid_message", "draw", "student", "staff",
}  # fmt: skip
ASKED = [item["id"] for item in ALL_TYPES["items"]]
TYPED = {
    "consent": "yes", "group": "student", "a.topic": "cv", "a.advising.importance": "5",
    "a.advising.satisfaction": "unused", "asked": ASKED,
}  # fmt: skip


def spoken_in(language, part):
    """A definition whose texts are all in this language."""
    if isinstance(part, list):
        return [spoken_in(language, each) for each in part]
    if not isinstance(part, dict):
        return part
    return {
        key: {language: "Xx"} if key in TEXTS else spoken_in(language, value)
        for key, value in part.items()
    }


def english():
    """What an English page says: the pieces between places for values, of several words."""
    words = CATALOGUE["en"].values()
    pieces = {piece.strip() for each in words for piece, *_ in Formatter().parse(each)}
    return {piece for piece in pieces if " " in piece}


@dataclass
class Walk:
    """Opens pages in a language, and keeps them: (address, page)."""

    app: Flask
    planner: Caller
    language: str
    seen: list = field(default_factory=list)

    def __post_init__(self):
        self.browser = self.app.test_client()
        self.plain = self.app.test_client(use_cookies=False)

    def survey(self, **changes):
        body = {**spoken_in(self.language, {**ALL_TYPES, "draw": ""}), **changes}
        body["languages"] = [self.language]
        name = self.planner("POST", "/surveys", json=body).json["id"]
        self.planner("POST", f"/surveys/{name}/publish")
        return name

    def get(self, path, by=None, **query):
        page = (by or self.browser).get(path, query_string={"lang": self.language, **query})
        self.seen.append((path, page))
        return page

    def post(self, path, by=None, **typed):
        page = (by or self.browser).post(path, data={"lang": self.language, **typed})
        if page.status_code != 303:
            self.seen.append((path, page))
        return page

    def sent(self, path, by=None, **typed):
        thanks = self.post(path, by, **typed)
        name, receipt = re.search(r"thanks/(\w+)\?receipt=([^&]+)", thanks.location).groups()
        return {"id": name, "receipt": receipt}

    def without_survey(self):
        for path in ("/", "/mine", "/i", "/s/none", "/opt-out/none"):
            self.get(path)
        self.post("/i", link="wrong")
        self.post("/opt-out/none")
        self.post("/mine", id="x", receipt="x")

    def begun(self):
        form = f"/s/{self.survey()}"
        self.get("/")
        self.get(form)
        self.post(f"{form}/answers")
        self.post(f"{form}/answers", **{**TYPED, "asked": []})
        kept = self.post(f"{form}/answers", step="later", **TYPED)
        self.get(f"{form}/later")
        self.post(f"{form}/later", link="wrong")
        self.post(f"{form}/later", link=re.search(r"#([\w-]{24})", kept.text)[1])

    def answered(self):
        survey = self.survey()
        form, answers = f"/s/{survey}", f"/s/{survey}/answers"
        first = self.sent(answers, **TYPED)
        receipt = first["receipt"]
        thanks = self.get(f"{form}/thanks/{first['id']}", receipt=receipt, left_out=1, shared=1)
        ticket = re.search(r'name="ticket" value="([^"]*)"', thanks.text)[1]
        for typed in ({"address": "wrong"}, {"address": "ada@example.org"}, {"ticket": ""}):
            self.post(f"{form}/draw", **{"ticket": ticket, **typed})
        self.get(form)
        self.get(f"{form}/mine")
        self.post("/mine", **first)
        changed = {**TYPED, "id": first["id"], "a.visits": "3"}
        self.post(answers, **changed)
        self.post(answers, self.plain, **changed)
        self.post(answers, self.plain, **changed, receipt="x")
        self.post("/mine", **first, do="withdraw")
        self.post(answers, **changed)
        self.planner("POST", f"/surveys/{survey}/close")
        self.get(form)

    def not_open(self):
        self.get(f"/s/{self.survey(opens_at='2999-01-01T00:00:00Z')}")
        full = self.survey(quotas={"student": 1})
        for _ in range(2):
            self.post(f"/s/{full}/answers", self.plain, **TYPED)

    def invited(self, participation):
        asked = {"participation": participation, "access": "invited", "minimum_group_size": 1}
        survey = self.survey(**asked)
        form, answers = f"/s/{survey}", f"/s/{survey}/answers"
        row = {"email": "ada@example.edu", "name": "Ada", "group": "student", "profile": {}}
        self.planner("POST", f"/surveys/{survey}/invitations", json={"invitations": [row]})
        [made] = self.planner("POST", f"/surveys/{survey}/invitations/links").json["links"]
        secret = made["link"].partition("#")[2]
        self.post(answers, **TYPED)
        self.post("/i", link=secret)
        name = re.search(r'name="id" value="(\w+)"', self.get(form).text)[1]
        self.post(answers, **TYPED, id=name, step="later")
        self.sent(answers, **TYPED, id=name)
        self.get(form)
        elsewhere = self.app.test_client()
        self.post("/i", elsewhere, link=secret)
        self.get(form, elsewhere)
        token = opt_out_token(SECRET, invitation_id(survey, "ada@example.edu"))
        self.get(f"/opt-out/{token}")
        self.post(f"/opt-out/{token}")


@pytest.mark.parametrize("language", sorted(CATALOGUE.keys() - {"en"}))
def test_no_page_of_a_respondent_speaks_another_language_than_it_says(flask_app, planner, language):
    walk = Walk(flask_app, planner, language)
    rendered = set()

    def note(_, template, **__):
        rendered.add(template.name.removesuffix(".html"))

    with template_rendered.connected_to(note, flask_app):
        walk.without_survey()
        walk.begun()
        walk.answered()
        walk.not_open()
        for participation in ("anonymous", "confidential", "identified"):
            walk.invited(participation)
    assert rendered == {file.stem for file in RESPONDENTS} - PARTS
    foreign = english()
    for path, page in walk.seen:
        text = unescape(page.text)
        assert f'<html lang="{language}" dir="ltr">' in text, path
        assert 'lang="en"' not in re.sub(r"<nav.*?</nav>", "", text, flags=re.DOTALL), path
        assert {piece for piece in foreign if piece in text} == set(), path
