# What the scripts beside it share: sourced with the peer's own folder in $2, which lies in the one that `--folder` names.
set -eu
mkdir -p "$2"
environment=$2/environment
tools=$2/../tools
# Environments of one folder share their packages: torch, which each of them has, takes gigabytes.
export UV_CACHE_DIR="$2/../cache" UV_PYTHON_DOWNLOADS=never
export HF_HUB_OFFLINE=1 DO_NOT_TRACK=1

# make_environment [OPTION…] PACKAGE…
make_environment() {
  [ -x "$tools/bin/uv" ] || { python3 -m venv "$tools" && "$tools/bin/pip" install --quiet uv==0.13.9; }
  "$tools/bin/uv" venv --clear "$environment"
  "$tools/bin/uv" pip install --python "$environment" "$@"
}

# say_versions PACKAGE…: the versions that it has
say_versions() {
  for package in "$@"; do "$tools/bin/uv" pip freeze --python "$environment" | grep "^$package=="; done
}
