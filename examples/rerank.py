# Vectors find a few candidates among many documents; a reranker reads query and document together and puts them in order.
import os

import cohere
import openai

url = os.environ.get("HOTVEC_URL", "http://127.0.0.1:8080")
key = os.environ.get("HOTVEC_API_KEY", "none")
embedder = openai.OpenAI(base_url=f"{url}/v1", api_key=key)
reranker = cohere.ClientV2(base_url=url, api_key=key)

documents = [
    "The capital of China is Beijing.",
    "The airport is closed.",
    "To bake bread you need flour, water, salt and yeast.",
    "The train to the airport leaves every ten minutes.",
]
query = "How do I reach the airport?"


def embed(model, texts):
    return [item.embedding for item in embedder.embeddings.create(model=model, input=texts).data]


# 1. Embed: the documents once, ahead of time.
vectors = embed("starter-document", documents)
[wanted] = embed("starter-query", [query])

# 2. Search: vectors have length 1, so the inner product is the cosine.
scores = [sum(a * b for a, b in zip(vector, wanted)) for vector in vectors]
found = sorted(zip(scores, documents), reverse=True)[:3]
for score, text in found:
    print(f"found {score:.2f} {text}")

# 3. Rank what was found.
answer = reranker.rerank(model="starter-reranker", query=query, documents=[text for _, text in found])
for result in answer.results:
    print(f"ranked {result.relevance_score:.6f} {found[result.index][1]}")
