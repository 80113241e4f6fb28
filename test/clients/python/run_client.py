"""The same program as javascript/run-client.mjs, for clients in Python."""

import json
import sys


def run_client(version, connect, explain, more=lambda task: {}):
    """connect(url, model, max_retries, dimensions) → an object with embed(texts) and embed_queries(texts);
    explain(error) → what the client's user can learn: class, status, code, param."""
    task = json.load(sys.stdin)
    client = connect(task["serviceUrl"])
    texts = task["texts"]
    batches = {}
    for size in task["batches"]:
        batches[size] = client.embed([texts[i % len(texts)] for i in range(size)])

    errors = {}

    def fail(name, embedder, *inputs):
        try:
            embedder.embed(list(inputs))
            errors[name] = {"class": "none", "status": None, "code": None, "param": None}
        except Exception as error:
            errors[name] = {"class": type(error).__name__, "status": None, "code": None, "param": None, **explain(error)}

    stub = connect(task["stubUrl"], model="stub")
    retrying = connect(task["stubUrl"], model="stub", max_retries=1)
    fail("bad request", connect(task["serviceUrl"], max_retries=1), "x", "")
    fail("unknown model", connect(task["serviceUrl"], model="gpt", max_retries=1), "x")
    fail("authentication", connect(task["keyedUrl"], model="stub", max_retries=1), "x")
    for code in ["overloaded", "internal_error", "not_ready", "deadline_exceeded"]:
        fail(code, stub, code)
    fail("permanent", retrying, "non_finite_output")

    def count(text):
        try:
            return len(retrying.embed([text]))
        except Exception:
            return 0

    report = {
        "version": f"Python {sys.version.split()[0]}, {version}",
        "batches": batches,
        "dimensions64": connect(task["serviceUrl"], dimensions=64).embed(texts),
        "queries": client.embed_queries(texts),
        "errors": errors,
        "afterNotReady": count(f"not_ready once {task['retryAfterMs']}"),
        "afterOverload": count(f"overloaded once {task['retryAfterMs']}"),
        "more": more(task),
    }
    json.dump(report, sys.stdout)
