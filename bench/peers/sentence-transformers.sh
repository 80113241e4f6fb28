#!/bin/sh
# sentence-transformers behind the few lines of sentence-transformers-server.py. Its environment computes the reference, too.
#   sentence-transformers.sh install DIR
#   sentence-transformers.sh start DIR MODEL PORT TOKENS
#   sentence-transformers.sh reference DIR MODEL         reference.py beside this file
#   sentence-transformers.sh versions DIR
. "$(dirname "$0")/environment.sh"
OMP_NUM_THREADS=$(nproc)
export OMP_NUM_THREADS
case $1 in
install) make_environment torch==2.13.0 transformers==5.19.0 sentence-transformers==6.2.0 ;;
start) exec "$environment/bin/python" "$(dirname "$0")/sentence-transformers-server.py" "$3" "$4" ;;
reference) exec "$environment/bin/python" "$(dirname "$0")/reference.py" "$3" ;;
versions) say_versions sentence-transformers torch transformers ;;
esac
