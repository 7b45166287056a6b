#!/usr/bin/env bash
# test.sh WHEELS DQA: this machine's wheel by pytest in a fresh environment, compared with the command line DQA; that for aarch64 under
# qemu-user, with Debian's Python, where apt has it. What is missing is skipped, or with CI=true a failure.
set -euo pipefail
wheels=$(cd "$1" && pwd)
export DQA=$2 PYTHONDONTWRITEBYTECODE=1
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
missing() {
  [ "${CI:-}" != true ] || { echo "$1 is missing" >&2 && exit 1; }
  echo "skipped: $1 is missing"
}

python3 -m venv "$work/venv"
python=$work/venv/bin/python
"$python" -m pip install -q "$(echo "$wheels"/dqa-*"_$(uname -m)".whl)[test]"
tests=$PWD/tests
(cd "$work" && PATH="$work/venv/bin:$PATH" "$python" -m pytest -q -p no:cacheprovider "$tests")

# No symbol of the libraries is younger than the glibc that their wheels name.
for wheel in "$wheels"/dqa-*.whl; do
  "$python" -c 'import sys, zipfile; sys.stdout.buffer.write(zipfile.ZipFile(sys.argv[1]).read("dqa/libdqa.so"))' "$wheel" >"$work/lib.so"
  youngest=$(strings "$work/lib.so" | grep -oE '^GLIBC_[0-9.]+$' | sort -V | tail -1)
  echo "$(basename "$wheel"): $youngest"
  printf '%s\n' "$youngest" GLIBC_2.17 | sort -CV || { echo "younger than manylinux_2_17"; exit 1; }
done

arm=$(echo "$wheels"/dqa-*_aarch64.whl)
if [ ! -e "$arm" ]; then
  echo "skipped: there is no wheel for aarch64"
elif ! command -v qemu-aarch64 >/dev/null || ! command -v apt-get >/dev/null; then
  missing "qemu-aarch64 or apt"
else
  # An arm64 root of Debian's packages, beside the system's: its apt state is not touched.
  mkdir -p "$work"/apt/state/lists/partial "$work"/apt/cache/archives/partial "$work/root" "$work/debs"
  touch "$work/apt/state/status"
  apt=(-qq -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o APT::Sandbox::User=root -o Dir::State="$work/apt/state"
    -o Dir::State::status="$work/apt/state/status" -o Dir::Cache="$work/apt/cache")
  apt-get "${apt[@]}" update
  version=$(apt-cache "${apt[@]}" depends python3-minimal | grep -oE 'python3\.[0-9]+' | head -1)
  (cd "$work/debs" && apt-get "${apt[@]}" download "$version-minimal" "lib$version-minimal" "lib$version-stdlib" libc6 libgcc-s1 libstdc++6 \
    zlib1g libexpat1 libffi8 libssl3 libbz2-1.0 liblzma5 libuuid1)
  for deb in "$work"/debs/*.deb; do dpkg -x "$deb" "$work/root"; done
  "$python" -m pip install -q --target "$work/site" --no-deps --only-binary :all: --python-version "${version#python}" \
    --platform manylinux_2_17_aarch64 --platform manylinux_2_27_aarch64 --platform manylinux_2_28_aarch64 \
    "$arm" numpy pytest pluggy iniconfig packaging pygments
  # NumPy's import and Go's start take seconds each under emulation: the tests of features only, without those that compare.
  (cd "$work" && PYTHONPATH="$work/site" qemu-aarch64 -L "$work/root" "$work/root/usr/bin/$version" -m pytest -q \
    -p no:cacheprovider "$tests/test_features.py" -k 'round_trip or rows or bytes or store or threads or not_finite')
fi
