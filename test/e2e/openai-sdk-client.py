"""The official Python SDK as a client: task as JSON on standard input, report as JSON on standard output (openai-sdk-report.ts)."""

import json
import sys

import openai

task = json.load(sys.stdin)


def client_of(url, **options):
    return openai.OpenAI(base_url=f"{url}/v1", api_key="unused", **{"max_retries": 0, **options})


client = client_of(task["serviceUrl"])
stub = client_of(task["stubUrl"])
retrying = client_of(task["stubUrl"], max_retries=2)
errors = {}


def fail(name, call):
    try:
        call()
        errors[name] = {"class": "none", "status": None, "code": None, "param": None}
    except openai.APIError as error:
        errors[name] = {
            "class": type(error).__name__,
            "status": getattr(error, "status_code", None),
            "code": error.code,
            "param": error.param,
        }


def embed(sdk, model, text):
    return lambda: sdk.embeddings.create(model=model, input=text)


def vectors(**options):
    answer = client.embeddings.create(model="starter", input=task["texts"], **options)
    return [item.embedding for item in answer.data]


fail("bad request", embed(client, "starter", ["x", ""]))
fail("authentication", embed(client_of(task["keyedUrl"]), "stub", "x"))
fail("not found", embed(client, "gpt", "x"))
fail("model not found", lambda: client.models.retrieve("gpt"))
fail("conflict", embed(stub, "stub", "fingerprint_mismatch"))
fail("rate limit", embed(stub, "stub", "overloaded"))
fail("internal", embed(stub, "stub", "internal_error"))
fail("not ready", embed(stub, "stub", "not_ready"))
fail("deadline", embed(stub, "stub", "deadline_exceeded"))
fail("timeout", embed(client_of(task["stubUrl"], timeout=0.2), "stub", "hang"))
fail("permanent", embed(retrying, "stub", "non_finite_output"))
fail("permanent conflict", embed(retrying, "stub", "fingerprint_mismatch"))
after_retry = retrying.embeddings.create(model="stub", input="not_ready once")
one = client.embeddings.create(model="starter", input=task["texts"][0])

json.dump(
    {
        "version": f"Python {sys.version.split()[0]}, openai {openai.__version__}",
        "ownEncoding": vectors(),
        "float": vectors(encoding_format="float"),
        "dimensions64": vectors(dimensions=64),
        "oneText": one.data[0].embedding,
        "tokens": one.usage.total_tokens,
        "models": [model.id for model in client.models.list()],
        "model": client.models.retrieve("starter").id,
        "errors": errors,
        "afterRetry": len(after_retry.data),
    },
    sys.stdout,
)
