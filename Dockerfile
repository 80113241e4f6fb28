# hotvec in a container: a non-root user, nothing to download at start, the starter model inside.
#
#   docker build -t hotvec .
#   docker run --rm --init -p 127.0.0.1:8080:8080 -e ALLOW_NO_AUTH=1 hotvec
#
# It runs with a read-only root and without a capability: docker-compose.yml and deploy/kubernetes ask for that.
#
# In a container hotvec listens on 0.0.0.0, so it refuses to start (exit code 78) until it is told who may use it:
#   - keys:     -v ./api-keys:/run/secrets/api-keys:ro -e API_KEYS_FILE=/run/secrets/api-keys   (docs/operations.md)
#   - nobody asks: -e ALLOW_NO_AUTH=1, where the port is published on 127.0.0.1 only, as above, or something in front
#     of hotvec checks who may use it
#
# A model of the hub: -v hotvec-cache:/cache -e MODEL=Qwen/Qwen3-Embedding-0.6B (downloaded once, into the volume).
# A model of yours: -v ./models:/models:ro -e MODEL=/models/Qwen3-Embedding-0.6B (readable by user id 1000).
# Debian, not Alpine: onnxruntime-node ships binaries for glibc only.

ARG NODE_IMAGE=node:24.21.0-bookworm-slim
# CUDA 13 is what the provider of onnxruntime 1.30.0 is linked against (`readelf -d`); cuDNN it loads where it finds it.
ARG CUDA_IMAGE=nvidia/cuda:13.0.2-cudnn-runtime-ubuntu24.04
ARG PYTHON_IMAGE=python:3.12.11-slim-bookworm
# cpu or cuda: `docker build --build-arg DEVICE=cuda -t hotvec:cuda .`, or `docker compose up hotvec-gpu`.
ARG DEVICE=cpu

FROM ${NODE_IMAGE} AS node

# What the device needs below hotvec: for the CPU nothing.
FROM node AS device-cpu

# The CUDA provider, of exactly the version of onnxruntime-node, refused unless its sha256 is the committed one.
FROM ${PYTHON_IMAGE} AS cuda-provider
WORKDIR /provider
COPY scripts/cuda-provider-requirements.txt ./
RUN pip download --no-cache-dir --no-deps --require-hashes --only-binary=:all: --python-version 3.12 \
      --platform manylinux_2_28_x86_64 -r cuda-provider-requirements.txt \
 && python -m zipfile -e onnxruntime_gpu-*.whl wheel \
 && mkdir libraries \
 && mv wheel/onnxruntime/capi/libonnxruntime_providers_cuda.so \
       wheel/onnxruntime/capi/libonnxruntime_providers_shared.so libraries/ \
 && rm -r wheel ./*.whl

FROM ${CUDA_IMAGE} AS device-cuda
COPY --from=node /usr/local/bin/node /usr/local/bin/node
# As in the Node image: user `node` with id 1000, which Ubuntu gives to a user of its own.
RUN userdel --remove ubuntu && groupadd --gid 1000 node && useradd --uid 1000 --gid node --create-home node
# Beside the binding, where onnxruntime-node looks; node_modules is laid over it below.
COPY --from=cuda-provider /provider/libraries/ /app/node_modules/onnxruntime-node/bin/napi-v6/linux/x64/
COPY scripts/check-shared-libraries.sh /tmp/
# An image that lacks a library is never built.
RUN /tmp/check-shared-libraries.sh /usr/local/bin/node /app/node_modules/onnxruntime-node/bin/napi-v6/linux/x64/*.so \
 && node --version

FROM node AS packages
WORKDIR /app
# .npmrc denies install scripts: no dependency runs code here.
COPY package.json package-lock.json .npmrc ./
COPY playground/package.json playground/
RUN npm ci

FROM packages AS build
COPY tsconfig.json ./
COPY src src
COPY playground playground
COPY scripts/check-ready.ts scripts/prepare-bundle.ts scripts/prune-native-binaries.ts scripts/
RUN npm run build

# From `packages`, for its npm cache: what was downloaded once is only unpacked again.
FROM packages AS production
RUN npm ci --omit=dev --prefer-offline
COPY --from=build /app/dist dist
RUN node dist/scripts/prune-native-binaries.js

FROM device-${DEVICE} AS hotvec
LABEL org.opencontainers.image.title="hotvec" \
      org.opencontainers.image.description="A server for text embeddings and reranking with an OpenAI-compatible API" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    PORT=8080 \
    HF_HOME=/cache
WORKDIR /app
COPY package.json LICENSE THIRD_PARTY_NOTICES.md ./
COPY models models
COPY --from=production /app/node_modules node_modules
COPY --from=build /app/dist/src dist/src
COPY --from=build /app/dist/playground/page dist/playground/page
COPY --from=build /app/dist/scripts/check-ready.js dist/scripts/check-ready.js
# Everything above belongs to root: the server can read its own files and change none. It writes downloaded models only,
# into a volume that takes its owner from this folder.
RUN install -d -o node -g node /cache
VOLUME /cache
# The user `node` by number: Kubernetes' runAsNonRoot cannot look names up.
USER 1000:1000
EXPOSE 8080
STOPSIGNAL SIGTERM
# A large model takes a while to load: failures in the first five minutes do not count.
HEALTHCHECK --interval=5s --timeout=5s --start-period=5m --retries=3 CMD ["node", "dist/scripts/check-ready.js"]
ENTRYPOINT ["node", "dist/src/cli.js"]
CMD ["serve"]
