import os
from importlib.metadata import version

# Its list of models is in the package, too; and standard output is the report's.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

import litellm
from run_client import run_client

litellm.suppress_debug_info = True


class Client:
    def __init__(self, url, model="starter", max_retries=0, dimensions=None):
        self.model = model
        self.options = {"api_base": f"{url}/v1", "api_key": "unused", "max_retries": max_retries}
        if dimensions is not None:
            # Otherwise LiteLLM refuses the field for models that it does not know.
            self.options.update(dimensions=dimensions, allowed_openai_params=["dimensions"])

    def embed(self, texts, suffix=""):
        answer = litellm.embedding(model=f"openai/{self.model}{suffix}", input=texts, **self.options)
        return [item["embedding"] for item in answer.data]

    def embed_queries(self, texts):
        return self.embed(texts, "-query")


run_client(f"litellm {version('litellm')}", Client, lambda error: {"status": error.status_code})
