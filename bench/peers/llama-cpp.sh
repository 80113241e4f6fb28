#!/bin/sh
# llama.cpp's own server, from the sources that llama-cpp-python brings; it needs a C++ compiler.
#   llama-cpp.sh install DIR
#   llama-cpp.sh start DIR MODEL PORT TOKENS PRECISION   TOKENS: those of the longest text; PRECISION: q8_0, bf16
#   llama-cpp.sh versions DIR
. "$(dirname "$0")/environment.sh"
package=llama_cpp_python-0.3.36
sources=$2/$package/vendor/llama.cpp
case $1 in
install)
  # Those that its converter asks for, but torch as the other peers have it.
  make_environment cmake==4.4.5 ninja==1.13.2 torch==2.13.0 transformers==4.57.6 numpy==2.2.6 sentencepiece==0.2.3 protobuf==4.25.8
  "$tools/bin/pip" download --no-deps --no-binary llama-cpp-python --dest "$2" llama-cpp-python==0.3.36
  tar -xzf "$2/$package.tar.gz" -C "$2"
  PATH="$environment/bin:$PATH"
  cmake -G Ninja -S "$sources" -B "$2/build" -DCMAKE_BUILD_TYPE=Release -DGGML_NATIVE=ON -DBUILD_SHARED_LIBS=OFF \
    -DLLAMA_USE_PREBUILT_UI=OFF -DLLAMA_OPENSSL=OFF -DLLAMA_BUILD_TESTS=OFF
  cmake --build "$2/build" --target llama-server
  ;;
start)
  gguf=$2/$(basename "$3")-$6.gguf
  if [ ! "$gguf" -nt "$3/model.safetensors" ]; then
    "$environment/bin/python" "$sources/convert_hf_to_gguf.py" "$3" --outtype "$6" --outfile "$gguf.part"
    mv "$gguf.part" "$gguf"
  fi
  # A context for each of 16 clients that holds the longest text, and batches that do: a text that fits neither is refused.
  exec "$2/build/bin/llama-server" --model "$gguf" --alias model --embeddings --host 127.0.0.1 --port "$4" \
    --threads "$(nproc)" --threads-batch "$(nproc)" --parallel 16 --ctx-size $((16 * $5)) --batch-size 2048 --ubatch-size 2048
  ;;
versions) echo "llama.cpp of llama-cpp-python 0.3.36" ;;
esac
