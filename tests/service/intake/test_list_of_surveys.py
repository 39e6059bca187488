"""The planner's list of surveys, newest first, a page at a time."""

import re

NEEDED = {
    "groups": ["student"],
    "items": [{"id": "why", "type": "text", "text": "Why?"}],
}


def look(planner, path: str) -> str:
    headers = {"Authorization": f"Bearer {planner.token}"}
    return planner.client.get(path, headers=headers).text


def test_every_survey_is_on_one_page_and_the_newest_on_the_first(planner):
    made = [
        planner("POST", "/surveys", json={**NEEDED, "title": f"Survey {n}"}).json["id"]
        for n in range(12)
    ]
    first = look(planner, "/surveys")
    rest = look(planner, re.search(r'href="(/surveys\?cursor=[^"]+)"', first)[1])
    pages = [re.findall(r'<li id="(\w+)"', page) for page in (first, rest)]
    assert [len(page) for page in pages] == [10, 2]
    assert set(pages[0] + pages[1]) == set(made)
    assert made[-1] in pages[0]
    assert "First page" in rest
    assert "Next page" not in rest


def test_a_title_in_another_language_says_so(planner):
    texts = {"title": {"es": "¿Qué necesita?"}, "languages": ["es"]}
    planner("POST", "/surveys", json={**NEEDED, **texts})
    assert '<span lang="es" dir="ltr">¿Qué necesita?</span></a>' in look(planner, "/surveys")
