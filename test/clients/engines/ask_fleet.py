"""What examples/hotvec_fleet.py does with servers that are busy, gone or others: a task as JSON in, a report as JSON out."""
import json
import sys
import time

task = json.load(sys.stdin)
sys.path.insert(0, task["examples"])
from hotvec_fleet import Fleet, fingerprint_of  # noqa: E402


def outcome(urls, fingerprint, texts, patience=20):
    began = time.monotonic()
    try:
        return {"vectors": Fleet(urls, "stub", fingerprint, patience).embed(texts).tolist(), "seconds": time.monotonic() - began}
    except (RuntimeError, TimeoutError) as error:
        return {"error": f"{type(error).__name__}: {error}"}


fingerprint = fingerprint_of(task["url"], "stub")
print(
    json.dumps(
        {
            "fingerprint": fingerprint,
            "busy": outcome([task["url"]], fingerprint, ["overloaded once"]),
            "dead": outcome([task["deadUrl"], task["url"]], fingerprint, ["a text", "another"]),
            "allDead": outcome([task["deadUrl"]], fingerprint, ["a text"], patience=1),
            "other": outcome([task["url"]], "ffffffffffffffff", ["a text"]),
            "refused": outcome([task["url"]], fingerprint, ["internal_error"]),
        }
    )
)
