//go:build unix

package file

import (
	"os"

	"golang.org/x/sys/unix"
)

func mapFile(f *os.File, size int64) ([]byte, error) {
	return unix.Mmap(int(f.Fd()), 0, int(size), unix.PROT_READ, unix.MAP_PRIVATE)
}

// release is advice: that it was not taken does no harm.
func release(b []byte) { _ = unix.Madvise(b, unix.MADV_DONTNEED) }
