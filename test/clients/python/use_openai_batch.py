"""Reads {url, lines, wrong} from standard input, drives the Batch API as a user of the SDK does, and writes a report."""

import io
import json
import sys
import time

import openai

ENDED = {"completed", "failed", "expired", "cancelled"}

task = json.load(sys.stdin)
client = openai.OpenAI(base_url=task["url"] + "/v1", api_key="unused")


def upload(content, **more):
    file = io.BytesIO("\n".join(content).encode())
    file.name = "in.jsonl"
    return client.files.create(file=file, purpose="batch", **more)


def wait(batch_id):
    while True:
        batch = client.batches.retrieve(batch_id)
        if batch.status in ENDED:
            return batch
        time.sleep(0.05)


def run(content):
    made = client.batches.create(
        input_file_id=upload(content).id,
        endpoint="/v1/embeddings",
        completion_window="24h",
        metadata={"from": "python"},
    )
    return wait(made.id)


def lines_of(file_id):
    return [json.loads(line) for line in client.files.content(file_id).text.strip().split("\n")]


def error_of(call):
    try:
        call()
    except openai.APIStatusError as error:
        return {"class": type(error).__name__, "status": error.status_code, "code": error.code}
    return None


file = upload(task["lines"], expires_after={"anchor": "created_at", "seconds": 3600})
waited = client.files.wait_for_processing(file.id)
batch = run(task["lines"])
failed = run(task["wrong"])
to_cancel = client.batches.create(input_file_id=file.id, endpoint="/v1/embeddings", completion_window="24h")
try:
    cancelled = client.batches.cancel(to_cancel.id).status
except openai.ConflictError as error:
    # It may have ended already.
    cancelled = error.status_code
wait(to_cancel.id)
listed = [one.id for one in client.batches.list(limit=1)]
files = [one.id for one in client.files.list(purpose="batch", order="asc", limit=2)]
report = {
    "lifetime": file.expires_at - file.created_at,
    "processed": waited.status,
    "batch": {
        "status": batch.status,
        "counts": batch.request_counts.model_dump(),
        "metadata": batch.metadata,
        "model": batch.model,
    },
    "output": lines_of(batch.output_file_id),
    "errors": lines_of(batch.error_file_id),
    "failed": {"status": failed.status, "errors": [[one.code, one.line] for one in failed.errors.data]},
    "cancelled": cancelled in ("cancelling", 409),
    "listed": batch.id in listed and failed.id in listed and len(set(listed)) == len(listed),
    "files": file.id in files and len(set(files)) == len(files),
    "deleted": client.files.delete(file.id).deleted,
    "gone": error_of(lambda: client.files.retrieve(file.id)),
    "conflict": error_of(lambda: client.batches.cancel(batch.id)),
    "unknown": error_of(lambda: client.batches.retrieve("batch_x")),
    "lost": error_of(lambda: client.batches.list(after="batch_x")),
}
# As clients clean up: what a page has shown is gone when the next one is asked for.
for one in client.files.list(limit=2):
    client.files.delete(one.id)
report["swept"] = client.files.list().data
json.dump(report, sys.stdout)
