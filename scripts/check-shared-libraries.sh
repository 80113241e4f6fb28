#!/bin/sh
# check-shared-libraries.sh FILE…: fails unless all that the libraries need is found and of a version that fits.
# libcuda.so.1 alone may be missing: it belongs to the host's driver, and the NVIDIA runtime mounts it.
set -eu
status=0
for file in "$@"; do
  found=$(ldd "$file" 2>&1) || { echo "$file: ldd failed: $found" >&2; exit 1; }
  missing=$(printf '%s\n' "$found" | grep 'not found' | grep -v 'libcuda\.so\.1' || true)
  if [ -n "$missing" ]; then
    printf '%s needs what this image lacks:\n%s\n' "$file" "$missing" >&2
    status=1
  fi
done
exit $status
