package file

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

func TestFailedWriteLeavesTheOldFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	if err := WriteBytes(path, []byte("old")); err != nil {
		t.Fatal(err)
	}
	stop := errors.New("stop")
	err := Write(path, func(w io.Writer) error {
		io.WriteString(w, "half of the new")
		return stop
	})
	if !errors.Is(err, stop) {
		t.Fatalf("got %v", err)
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != "old" {
		t.Errorf("%q, %v", b, err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("temporary file left: %v, %v", entries, err)
	}
	if err := WriteBytes(path, []byte("new")); err != nil {
		t.Fatal(err)
	}
	if b, _ := os.ReadFile(path); string(b) != "new" {
		t.Errorf("%q", b)
	}
}

func TestFolderMissing(t *testing.T) {
	if err := WriteBytes(filepath.Join(t.TempDir(), "no", "f"), nil); !errors.Is(err, ErrWrite) || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

var errInjected = errors.New("injected")

// failAt makes operation number i in a folder fail and tells whether there were that many.
func failAt(t *testing.T, dir string, i int) (reached func() bool) {
	n := 0
	InjectFaults(dir, func(Op, string) error {
		n++
		if n-1 == i {
			return errInjected
		}
		return nil
	})
	t.Cleanup(func() { InjectFaults(dir, nil) })
	return func() bool { return n > i }
}

func TestWriteFailingAnywhereLeavesOldOrNew(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	for i := 0; ; i++ {
		InjectFaults(dir, nil)
		if err := WriteBytes(path, []byte("old")); err != nil {
			t.Fatal(err)
		}
		reached := failAt(t, dir, i)
		err := WriteBytes(path, make([]byte, 1<<17))
		b, readErr := os.ReadFile(path)
		if readErr != nil || string(b) != "old" && len(b) != 1<<17 {
			t.Fatalf("fault %d: %d bytes, %v", i, len(b), readErr)
		}
		if entries, _ := os.ReadDir(filepath.Dir(path)); len(entries) != 1 {
			t.Fatalf("fault %d: %v left", i, entries)
		}
		if !reached() {
			if err != nil || len(b) != 1<<17 || i < 5 {
				t.Fatalf("after %d faults: %v", i, err)
			}
			return
		}
		if !errors.Is(err, ErrWrite) || !errors.Is(err, errInjected) {
			t.Fatalf("fault %d: %v", i, err)
		}
	}
}

func TestReadFailingAnywhere(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	if err := WriteBytes(path, []byte("whole")); err != nil {
		t.Fatal(err)
	}
	for i := 0; ; i++ {
		reached := failAt(t, dir, i)
		b, err := Read(path)
		if !reached() {
			if err != nil || string(b) != "whole" || i < 2 {
				t.Fatalf("after %d faults: %q, %v", i, b, err)
			}
			return
		}
		if !errors.Is(err, errInjected) || !errors.Is(err, ErrRead) {
			t.Fatalf("fault %d: %v", i, err)
		}
	}
}

func TestLeftoversOfKilledProcessesAreRemoved(t *testing.T) {
	dir := t.TempDir()
	path, old, young, other := filepath.Join(dir, "f"), filepath.Join(dir, ".f.tmp-1"), filepath.Join(dir, ".f.tmp-2"), filepath.Join(dir, ".g.tmp-1")
	for _, p := range []string{old, young, other} {
		if err := os.WriteFile(p, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	long := time.Now().Add(-2 * staleAfter)
	for _, p := range []string{old, other} {
		if err := os.Chtimes(p, long, long); err != nil {
			t.Fatal(err)
		}
	}
	if err := WriteBytes(path, nil); err != nil {
		t.Fatal(err)
	}
	for p, want := range map[string]bool{old: false, young: true, other: true, path: true} {
		if _, err := os.Stat(p); (err == nil) != want {
			t.Errorf("%s: %v", filepath.Base(p), err)
		}
	}
}

func TestPermissions(t *testing.T) {
	dir := t.TempDir()
	private, fresh := filepath.Join(dir, "private"), filepath.Join(dir, "fresh")
	if err := os.WriteFile(private, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "plain"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	plain, err := os.Stat(filepath.Join(dir, "plain")) // what the umask leaves
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]os.FileMode{private: 0o600, fresh: plain.Mode()} {
		if err := WriteBytes(path, []byte("new")); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode() != want {
			t.Errorf("%s: %v, want %v", filepath.Base(path), info.Mode(), want)
		}
	}
}

func TestLinksStay(t *testing.T) {
	dir := t.TempDir()
	target, link := filepath.Join(dir, "target"), filepath.Join(dir, "link")
	if err := os.WriteFile(target, []byte("old"), 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("target", link); err != nil {
		t.Skip(err)
	}
	if err := WriteBytes(link, []byte("new")); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is one no more: %v, %v", info, err)
	}
	if b, _ := os.ReadFile(target); string(b) != "new" {
		t.Errorf("%q", b)
	}
}

// A pipe gets the bytes and stays a pipe.
func TestPipesAreWrittenThrough(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	path := filepath.Join("/dev/fd", strconv.Itoa(int(w.Fd())))
	if _, err := os.Stat(path); err != nil {
		t.Skip(err)
	}
	if err := WriteBytes(path, []byte("through")); err != nil {
		t.Fatal(err)
	}
	w.Close()
	if b, err := io.ReadAll(r); err != nil || string(b) != "through" {
		t.Errorf("%q, %v", b, err)
	}
}

func TestAbandonRemovesWhatIsUnfinished(t *testing.T) {
	dir := t.TempDir()
	err := writeAround(filepath.Join(dir, "f"), func() {
		Abandon()
		if entries, _ := os.ReadDir(dir); len(entries) != 0 {
			t.Errorf("%v left", entries)
		}
	})
	if err == nil {
		t.Error("a file whose temporary one is gone was written")
	}
}

// writeAround calls f while a file is being written.
func writeAround(path string, f func()) error {
	return Write(path, func(io.Writer) error { f(); return nil })
}

func TestReadLimited(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	if err := WriteBytes(path, []byte("12345")); err != nil {
		t.Fatal(err)
	}
	if b, err := ReadLimited(path, 5); err != nil || string(b) != "12345" {
		t.Errorf("%q, %v", b, err)
	}
	if _, err := ReadLimited(path, 4); !errors.Is(err, ErrTooLong) {
		t.Errorf("beyond the limit: %v", err)
	}
	if _, err := ReadLimited("/dev/zero", 1<<20); err == nil || !errors.Is(err, ErrTooLong) && !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without end: %v", err)
	}
}
