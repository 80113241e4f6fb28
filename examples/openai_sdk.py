# OpenAI's own package: change the base URL, and nothing else.
import os

import openai

url = os.environ.get("HOTVEC_URL", "http://127.0.0.1:8080")
client = openai.OpenAI(base_url=f"{url}/v1", api_key=os.environ.get("HOTVEC_API_KEY", "none"))

# One vector for each text, in the order of the texts.
answer = client.embeddings.create(
    model="starter",
    input=["The capital of China is Beijing.", "中国的首都是北京。"],
    dimensions=64,
)
for item in answer.data:
    print(f"text {item.index}: {len(item.embedding)} numbers")
print(f"{answer.usage.total_tokens} tokens")

# What the OpenAI API does not have goes into extra_body.
query = client.embeddings.create(
    model="starter",
    input="What is the capital of China?",
    dimensions=64,
    extra_body={"input_type": "query"},
)
score = sum(a * b for a, b in zip(query.data[0].embedding, answer.data[0].embedding))
print(f"score of the query and text 0: {score:.2f}")
