#!/usr/bin/env bash
# test.sh FOLDER: the example against the libraries in FOLDER: shared under AddressSanitizer and Valgrind, static as it is. Tools that are
# missing are skipped, or with CI=true a failure.
set -euo pipefail
lib=$(cd "$1" && pwd)
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
missing() {
  [ "${CI:-}" != true ] || { echo "$1 is missing" >&2 && exit 1; }
  echo "skipped: $1 is missing"
}
compile() { "${CC:-cc}" -std=c11 -Wall -Wextra -Werror -g -I "$lib" example.c "$@"; }
example() { # NAME COMMAND...
  mkdir "$work/$1"
  "${@:2}" "$work/$1" >"$work/out"
  grep 'exit code 130' "$work/out"
}

if command -v "${CC:-cc}" >/dev/null; then
  compile -L"$lib" -ldqa -lm -Wl,-rpath,"$lib" -o "$work/shared"
  compile "$lib/libdqa.a" -lm -lpthread -o "$work/static"
  example of-static "$work/static"
  if compile -fsanitize=address,undefined -L"$lib" -ldqa -lm -Wl,-rpath,"$lib" -o "$work/asan" 2>/dev/null; then
    example of-asan "$work/asan"
  else
    missing "AddressSanitizer"
  fi
  if command -v valgrind >/dev/null; then
    example of-valgrind valgrind -q --suppressions=go.supp --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite \
      --error-exitcode=99 --max-stackframe=1000000000000000 "$work/shared"
  else
    missing valgrind
  fi
else
  missing "a C compiler"
fi
