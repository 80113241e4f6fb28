#!/bin/sh
# Plain HTTP: nothing but curl.
set -eu
url=${HOTVEC_URL:-http://127.0.0.1:8080}
key=${HOTVEC_API_KEY:-none}

post() {
  curl --silent --show-error --fail-with-body "$url$1" \
    --header "authorization: Bearer $key" --header 'content-type: application/json' --data "$2"
  echo
}

# Which document answers which question?
post /v1/similarity '{
  "queries": ["What is the capital of China?", "Explain gravity"],
  "documents": ["The capital of China is Beijing.", "Gravity attracts bodies towards each other."],
  "top_k": 1,
  "return_documents": true
}' | grep --only-matching '"document":"[^"]*"'

# How many tokens would a text be?
post /v1/tokenize '{"input": "The capital of China is Beijing."}'
