"""What any service here pays: parse the JSON, keep nothing; and the plain way to keep it."""

import os

import pymongo
from flask import Flask, request
from flask.typing import ResponseReturnValue

app = Flask(__name__)
_clients: dict[int, pymongo.MongoClient] = {}


@app.post("/floor")
def parse_only() -> ResponseReturnValue:
    return {"id": request.get_json()["id"], "receipt": "none"}, 201


@app.post("/plain")
def insert_one() -> ResponseReturnValue:
    body = request.get_json()
    client = _clients.setdefault(os.getpid(), pymongo.MongoClient(os.environ["BENCH_DATABASE"]))
    client.bench.responses.insert_one({"_id": body["id"], **body})
    return {"id": body["id"], "receipt": "none"}, 201
