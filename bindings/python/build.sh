#!/usr/bin/env bash
# build.sh OUT PYTHON ARCH...: wheels for manylinux (x86_64, aarch64), cross-compiled by Zig's C compiler against glibc 2.17. PYTHON has
# pip, and setuptools and ziglang, which `make wheel` installs.
set -euo pipefail
cd "$(dirname "$0")"
out=$1 python=$2
shift 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for arch in "$@"; do
  case $arch in
  x86_64) goarch=amd64 ;;
  aarch64) goarch=arm64 ;;
  *) echo "no wheel for $arch" >&2 && exit 2 ;;
  esac
  rm -rf "$work/$arch"
  mkdir "$work/$arch"
  cp -RL dqa pyproject.toml setup.py "$work/$arch"
  rm -rf "$work/$arch/dqa/__pycache__"
  CC="$python -m ziglang cc -target $arch-linux-gnu.2.17" CGO_ENABLED=1 GOOS=linux GOARCH=$goarch ${GO:-go} build -buildmode=c-shared -tags netgo,osusergo \
    -trimpath -ldflags '-s -w' -o "$work/lib/$arch/libdqa.so" ../c
  cp "$work/lib/$arch/libdqa.so" "$work/$arch/dqa"
  DQA_PLATFORM=manylinux_2_17_$arch.manylinux2014_$arch "$python" -m pip wheel -q --no-deps --no-build-isolation -w "$out" "$work/$arch"
done
ls -l "$out"
