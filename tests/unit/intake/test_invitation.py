"""How little an anonymous answer carries of an invitation, and that secrets stay apart."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from services.intake.domain import invitation
from services.intake.domain.invitation import carried_by, pooled

FIELDS = ["college", "year"]
PROFILES = st.dictionaries(st.sampled_from(FIELDS), st.sampled_from("abc"))
BATCHES = st.lists(st.lists(PROFILES, max_size=14), min_size=1, max_size=3)


@settings(max_examples=150, deadline=None)
@given(BATCHES, st.integers(1, 5))
def test_whatever_is_carried_is_carried_by_enough_however_late_others_come(batches, least):
    carried: dict[str, dict] = {}
    for number, batch in enumerate(batches):
        people = {f"{number}.{place}": profile for place, profile in enumerate(batch)}
        known = [dict(each) for each in {tuple(sorted(c.items())) for c in carried.values()}]
        new = carried_by(people, FIELDS, least, known)
        assert all(new[name].items() <= people[name].items() for name in new)
        carried |= new
        sizes = Counter(tuple(sorted(each.items())) for each in carried.values())
        assert all(size >= least for size in sizes.values())


def test_a_field_rides_along_only_where_enough_share_it_and_so_do_those_who_lack_it():
    people = {f"a{n}": {"college": "arts"} for n in range(12)}
    people |= {f"s{n}": {"college": "science"} for n in range(10)}
    assert carried_by(people, ["college"], 10)["a1"] == {"college": "arts"}
    people |= {"m1": {"college": "music"}}  # alone without a college, one would know who it is
    carried = carried_by(people, ["college"], 10)
    assert carried["a1"] == {"college": "arts"}
    assert carried["m1"] == carried["s1"] == {}


def test_a_group_too_small_to_hide_in_is_withheld():
    assert carried_by({"dean": {"college": "arts"}}, ["college"], 2) == {}


def test_late_ones_join_what_earlier_ones_carry_and_make_no_small_part_of_their_own():
    known = [{"college": "arts"}, {}]
    late = {"a": {"college": "arts", "year": "first"}, "b": {"college": "law"}}
    assert carried_by(late, FIELDS, 10, known) == {"a": {"college": "arts"}, "b": {}}


def test_parts_are_told_apart_only_where_the_others_together_are_enough_too():
    assert pooled({"a": 20, "b": 12, "c": 11}, 10) == ["a", "b", "c"]
    assert pooled({"a": 20, "b": 12, "c": 3}, 10) == ["a"]
    assert pooled({"a": 9}, 10) == []


def test_a_secret_s_hashes_say_nothing_of_each_other():
    secret = invitation.new_secret()
    made = {f(secret) for f in (invitation.link_id, invitation.answer_name, invitation.claim_of)}
    assert len({each[:32] for each in made}) == 3
    assert invitation.is_secret(secret)
    assert not invitation.is_secret(secret + "x")
