import huggingface_hub
from huggingface_hub import InferenceClient
from run_client import run_client


class Client:
    """TEI's API. It cannot name a model to an address, and never retries."""

    def __init__(self, url, model=None, max_retries=0, dimensions=None):
        self.sdk = InferenceClient(f"{url}/embed", token="unused")
        self.dimensions = dimensions

    def embed(self, texts, prompt=None):
        return self.sdk.feature_extraction(texts, dimensions=self.dimensions, prompt_name=prompt).tolist()

    def embed_queries(self, texts):
        return self.embed(texts, "query")


run_client(
    f"huggingface_hub {huggingface_hub.__version__}",
    Client,
    lambda error: {"status": error.response.status_code},
)
