"""What a page says when the database is away. Nothing that was typed gets lost."""

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.intake.app import create_app
from tests import servers

TYPED = {"id": "0" * 32, "a.why": """Evening <hours> & "weekends\""""}


@pytest.fixture
def client(monkeypatch, tmp_path):
    """Of an intake whose database does not answer."""
    public = Ed25519PrivateKey.generate().public_key()
    key = tmp_path / "public.pem"
    key.write_bytes(
        public.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    for name, value in {
        "DATABASE_URL": f"mongodb://127.0.0.1:{servers.free_port()}/",
        "BROKER_URL": f"sqlite:///{tmp_path}/messages.sqlite",
        "TOPOLOGY": str(tmp_path / "none.json"),
        "SECRET": "a secret of tests alone",
        "PUBLIC_KEY": str(key),
    }.items():
        monkeypatch.setenv(f"GROUNDSWELL_{name}", value)
    app = create_app()
    yield app.test_client()
    app.extensions["groundswell.store"].database().client.close()


def test_a_form_that_could_not_be_stored_can_be_sent_again_as_it_was(client):
    answer = client.post("/s/any/answers", data=TYPED, headers={"Accept": "text/html,*/*;q=0.8"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert 'action="/s/any/answers"' in answer.text
    assert 'name="a.why" value="Evening &lt;hours&gt; &amp; &#34;weekends&#34;"' in answer.text
    assert "Try again" in answer.text


def test_a_program_gets_problem_details_not_a_page(client):
    answer = client.get("/s/any", headers={"Accept": "*/*"})
    assert answer.status_code == 503
    assert answer.mimetype == "application/problem+json"
