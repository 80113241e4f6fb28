"""A few lines around `SentenceTransformer.encode()`, answering as OpenAI's API does: python … MODEL PORT."""

import base64
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from sentence_transformers import SentenceTransformer

model = SentenceTransformer(sys.argv[1], device="cpu", model_kwargs={"dtype": "float32"})
lock = threading.Lock()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self):
        self.answer({"data": [{"id": "model"}]})

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["content-length"])))
        with lock:
            vectors = model.encode(request["input"], normalize_embeddings=True)
        as_base64 = request.get("encoding_format") == "base64"
        rows = [base64.b64encode(row.tobytes()).decode() if as_base64 else row.tolist() for row in vectors]
        self.answer({"data": [{"index": i, "embedding": row} for i, row in enumerate(rows)]})

    def answer(self, value):
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), Handler).serve_forever()
