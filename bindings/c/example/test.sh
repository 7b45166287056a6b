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
# Go's goroutines have stacks of their own, which Valgrind takes for wild accesses, also of system calls. What is left to it is the C side,
# whose memory is whose: leaks, double frees, use after free.
suppressions() {
  for kind in Addr1 Addr2 Addr4 Addr8 Addr16 Addr32 Cond Value1 Value2 Value4 Value8 Value16 Value32; do
    printf '{\n go-%s\n Memcheck:%s\n obj:*libdqa.so\n}\n' "$kind" "$kind"
  done
  for call in 'read(buf)' 'write(buf)' 'pread64(buf)' 'pwrite64(buf)' 'openat(filename)' 'getdents64(dirp)' 'newfstatat(file_name)' \
    'newfstatat(buf)' 'fstat(buf)' 'unlinkat(pathname)' 'renameat(oldpath)' 'renameat(newpath)' 'mkdirat(pathname)' 'readlinkat(path)' \
    'epoll_ctl(event)' 'epoll_wait(events)' 'epoll_pwait(events)' 'rt_sigprocmask(set)' 'rt_sigprocmask(oset)' 'rt_sigaction(act)' \
    'rt_sigaction(oldact)' 'sigaltstack(ss)' 'sigaltstack(uss)' 'sigaltstack(oss)' 'sigaltstack(uoss)' 'sched_getaffinity(mask)' \
    'nanosleep(req)' 'futex(futex)' 'futex(timeout)' 'pipe2(pipefd)' 'getrandom(buf)' 'prlimit64(new_rlim)' 'prlimit64(old_rlim)' \
    'clock_gettime(tp)' 'fchmodat(path)' 'faccessat(pathname)' 'statx(path)' 'statx(buf)'; do
    printf '{\n go-%s\n Memcheck:Param\n %s\n obj:*libdqa.so\n}\n' "$call" "$call"
  done
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
    suppressions >"$work/go.supp"
    # Short translations: of long ones with many vector instructions Valgrind runs out of memory.
    example of-valgrind valgrind -q --vex-guest-max-insns=20 --suppressions="$work/go.supp" --leak-check=full --show-leak-kinds=definite \
      --errors-for-leak-kinds=definite --error-exitcode=99 "$work/shared"
  else
    missing valgrind
  fi
else
  missing "a C compiler"
fi
