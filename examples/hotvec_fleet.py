"""What ray_embed.py and spark_embed.py have in common: texts to vectors, by several hotvec servers. Needs NumPy and nothing else.

Only servers with the same fingerprint are used, because vectors of others cannot be compared. A server that is busy is asked again
when it says (retry-after); what a server that died was asked for goes to another; one that came back is used again.
"""
import base64
import http.client
import json
import os
import random
import shlex
import subprocess
import threading
import time
import urllib.error
import urllib.request

import numpy

# Seconds. A server may be busy with other requests before it answers.
PATIENCE = 300
LONGEST_REST = 60


def headers():
    key = os.environ.get("HOTVEC_API_KEY")
    return {"content-type": "application/json"} | ({"authorization": f"Bearer {key}"} if key else {})


def fingerprint_of(url, model):
    """Names the space of a server's vectors: keep it with them."""
    with urllib.request.urlopen(urllib.request.Request(f"{url}/v1/models", headers=headers()), timeout=60) as answer:
        models = json.load(answer)["data"]
    [fingerprint] = [one["fingerprint"] for one in models if one["id"] == model]
    return fingerprint


class Server:
    def __init__(self, url):
        self.url = url
        self.asked = 0
        self.rests_until = 0.0
        self.failures = 0

    def fail(self):
        """Left alone for a second, then two, four, …; what failed at the same time is one failure."""
        if time.monotonic() >= self.rests_until:
            self.rests_until = time.monotonic() + min(2**self.failures, LONGEST_REST)
            self.failures += 1


class Fleet:
    """Servers at `urls`; threads may share it. `patience`: seconds without an answer after which a request is given up."""

    def __init__(self, urls, model, fingerprint, patience=PATIENCE):
        self.servers = [Server(url) for url in urls]
        self.model = model
        self.fingerprint = fingerprint
        self.patience = patience
        self.lock = threading.Lock()

    def embed(self, texts):
        """
        One vector for each text: float32, texts × dimensions.
        Raises RuntimeError for texts that no server takes, and TimeoutError if none can be reached.
        """
        body = json.dumps({"model": self.model, "input": list(texts), "encoding_format": "base64"}).encode()
        last_try = time.monotonic() + self.patience
        while time.monotonic() < last_try:
            server = self.take()
            if server is None:
                time.sleep(0.05)
                continue
            try:
                answer = self.ask(server, body)
            finally:
                with self.lock:
                    server.asked -= 1
            if answer is not None:
                rows = [numpy.frombuffer(base64.b64decode(item["embedding"]), "<f4") for item in answer["data"]]
                return numpy.stack(rows)
        raise TimeoutError(f"None of {len(self.servers)} servers answered for {self.patience} s.")

    def take(self):
        """The server that is asked least, of those that do not rest; of several, any."""
        with self.lock:
            ready = [server for server in self.servers if server.rests_until <= time.monotonic()]
            if not ready:
                return None
            server = min(ready, key=lambda one: (one.asked, random.random()))
            server.asked += 1
            return server

    def ask(self, server, body):
        """The answer; or None, and the server rests, where another server or another time can help."""
        wanted = headers() | {"x-priority": "bulk", "x-expect-fingerprint": self.fingerprint}
        request = urllib.request.Request(f"{server.url}/v1/embeddings", body, wanted)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as response:
                answer = json.load(response)
        except urllib.error.HTTPError as error:
            said = error.headers.get("retry-after-ms")
            if said is not None:
                server.rests_until = time.monotonic() + float(said) / 1000
                return None
            if error.code in (408, 502, 503, 504):
                server.fail()
                return None
            raise RuntimeError(f"{server.url}: {error.code} {error.read().decode()}") from None
        # No connection, or one that ended before the answer did.
        except (OSError, http.client.HTTPException, json.JSONDecodeError):
            server.fail()
            return None
        server.failures = 0
        return answer


# Ends the group of processes when nobody holds the other end of the input any more: its starter may be killed, and so may npx, and
# neither could end hotvec then. (A shell gives what it runs in the background no input: therefore number 3.)
GUARDED = 'exec 3<&0; (cat <&3; kill -s TERM -- "-$$") >/dev/null 2>&1 & exec "$@" serve </dev/null 3<&-'


class LocalServer:
    """A hotvec process of one's own, on any free port; it ends with this process. `command`: as in a shell, without arguments."""

    def __init__(self, command, model_folder):
        environment = os.environ | {"PORT": "0", "MODEL": model_folder}
        # They are the examples', not settings of hotvec, which refuses names that it does not know.
        for name in ("HOTVEC_API_KEY", "HOTVEC_URL"):
            environment.pop(name, None)
        words = ["sh", "-c", GUARDED, "sh", *shlex.split(command)]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(words, stdin=pipe, stdout=pipe, env=environment, text=True, start_new_session=True)
        for line in self.process.stdout:
            fields = json.loads(line) if line.startswith("{") else {}
            if fields.get("msg") == "ready":
                self.url = fields["url"]
                break
        else:
            raise RuntimeError(f"{command} ended with {self.process.wait()} before it was ready.")
        # Somebody must read the log, or the process waits when the pipe is full.
        threading.Thread(target=self.process.stdout.read, daemon=True).start()

    def stop(self):
        self.process.stdin.close()
        self.process.wait()
