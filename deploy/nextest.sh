#!/usr/bin/env bash
# The soak tests, twelve virtual weeks of them, over several machines: built once, and run in parts.
#
#   deploy/nextest.sh archive soak.tar.zst        # once
#   deploy/nextest.sh run soak.tar.zst 1/4        # on each of four machines, 1/4 to 4/4
#
# A machine that runs a part needs the archive, the source, and nothing but the program cargo-nextest. Each week is a test
# of its own, so a part that fails or is lost is just run again.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

case ${1:-} in
  archive)
    exec cargo nextest archive --package soak --cargo-profile release --archive-file "$2"
    ;;
  run)
    exec cargo-nextest nextest run --archive-file "$2" --workspace-remap . --profile soak --partition "slice:$3"
    ;;
  *)
    echo "use: deploy/nextest.sh archive FILE, or deploy/nextest.sh run FILE I/N" >&2
    exit 2
    ;;
esac
