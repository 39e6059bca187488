"""The peer: a Celery task with one durable upsert an event, as safe as Celery can be told to be."""

import os
from typing import Any

import pymongo
from celery import Celery
from celery.signals import worker_process_init
from kombu import Queue

QUEUE = "celery_peer"

app = Celery("peer", broker=os.environ["BENCH_BROKER"])
app.conf.update(
    task_queues=[Queue(QUEUE, queue_arguments={"x-queue-type": "quorum"})],
    task_default_queue=QUEUE,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    broker_transport_options={"confirm_publish": True},
    worker_prefetch_multiplier=50,
    worker_detect_quorum_queues=True,
)
_kept: dict[str, Any] = {}


@worker_process_init.connect
def connect(**_: Any) -> None:
    client: pymongo.MongoClient = pymongo.MongoClient(os.environ["BENCH_DATABASE"], w="majority")
    _kept["events"] = client.bench_peer.events


@app.task
def keep(name: str, body: str) -> None:
    """Store one event, once however often it comes."""
    _kept["events"].update_one({"_id": name}, {"$set": {"body": body}}, upsert=True)
