#!/bin/sh
# infinity with its PyTorch engine.
#   infinity.sh install DIR
#   infinity.sh start DIR MODEL PORT TOKENS
#   infinity.sh versions DIR
. "$(dirname "$0")/environment.sh"
OMP_NUM_THREADS=$(nproc)
export OMP_NUM_THREADS
case $1 in
install) make_environment torch==2.13.0 'infinity-emb[torch,server]==0.0.78' ;;
start)
  exec "$environment/bin/infinity_emb" v2 --model-id "$3" --served-model-name model --engine torch --device cpu --dtype float32 \
    --no-vector-disk-cache --url-prefix /v1 --host 127.0.0.1 --port "$4"
  ;;
versions) say_versions infinity-emb torch transformers ;;
esac
