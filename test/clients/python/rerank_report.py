"""The same program as javascript/rerank.mjs, for clients in Python."""

import json
import sys
from importlib.metadata import version

task = json.load(sys.stdin)
url, query, documents = task["serviceUrl"], task["query"], task["documents"]


def failure_of(rank):
    try:
        rank("gpt", 2)
        return None
    except Exception as error:
        # Some have it as a string.
        status = getattr(error, "status_code", None)
        return {"class": type(error).__name__, "status": None if status is None else int(status)}


def write_reports(clients):
    """clients: a package's name, which of its clients if it has several, and rank(model, top_n) → pairs of index and score."""
    reports = []
    for package, which, rank in clients:
        report = {
            "client": f"{package} {which}".strip(),
            "version": version(package),
            "all": rank("reranker", len(documents)),
            "best": rank("reranker", 2),
            "unknownModel": failure_of(rank),
        }
        reports.append(report)
    json.dump(reports, sys.stdout)
