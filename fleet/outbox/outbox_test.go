package outbox_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/dqa-go/dqa/fleet/outbox"
	"github.com/dqa-go/dqa/internal/file"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv("OUTBOX_TEST_CHILD"); dir != "" {
		child(dir)
		return
	}
	goleak.VerifyTestMain(m)
}

func open(t *testing.T, dir string, opt outbox.Options) *outbox.Outbox {
	t.Helper()
	b, err := outbox.Open(dir, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

func closed(t *testing.T, b *outbox.Outbox) {
	t.Helper()
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
}

// payload is what the frame of a sequence number holds in these tests.
func payload(seq uint64, n int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, seq)
	r := rand.New(rand.NewPCG(seq, 1))
	for len(b) < n {
		b = append(b, byte(r.Uint32()))
	}
	return b
}

func fill(t *testing.T, b *outbox.Outbox, n, size int) {
	t.Helper()
	for range n {
		id, err := b.Append(payload(b.Next(), size))
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Wait(t.Context(), id.Seq); err != nil {
			t.Fatal(err)
		}
	}
}

// check demands that every pending frame that is not damaged holds what was appended.
func check(t *testing.T, b *outbox.Outbox, size int) (whole, damaged []uint64) {
	t.Helper()
	for _, item := range b.Pending() {
		got, err := b.Read(item.Seq)
		if item.Damaged {
			if !errors.Is(err, outbox.ErrDamaged) {
				t.Errorf("frame %d is damaged: %v", item.Seq, err)
			}
			damaged = append(damaged, item.Seq)
			continue
		}
		if err != nil || !bytes.Equal(got, payload(item.Seq, size)) {
			t.Errorf("frame %d: %d bytes, %v", item.Seq, len(got), err)
		}
		whole = append(whole, item.Seq)
	}
	return whole, damaged
}

func TestGoesOnWhereItStopped(t *testing.T) {
	dir := t.TempDir()
	small := outbox.Options{MaxBytes: 64 << 10, SegmentBytes: 1 << 10}
	b := open(t, dir, small)
	fill(t, b, 30, 100)
	boxes := map[string]bool{b.Pending()[0].Box: true}
	if err := b.Done(1, 2, 3, 17, 30, 99); err != nil {
		t.Fatal(err)
	}
	for k := range 3 {
		closed(t, b)
		b = open(t, dir, small)
		whole, damaged := check(t, b, 100)
		if len(whole) != 25+k || len(damaged) > 0 || b.Next() != uint64(31+k) {
			t.Fatalf("%v pending, %v damaged, next %d", whole, damaged, b.Next())
		}
		fill(t, b, 1, 100)
		last := b.Pending()[25+k]
		if boxes[last.Box] {
			t.Error("two openings with one identity")
		}
		boxes[last.Box] = true
	}
	for _, item := range b.Pending() {
		if err := b.Done(item.Seq); err != nil {
			t.Fatal(err)
		}
	}
	closed(t, b)
	b = open(t, dir, small)
	segments, _ := filepath.Glob(filepath.Join(dir, "*.seg"))
	if n, _, _ := b.Usage(); n != 0 || b.Next() != 34 || len(segments) > 2 {
		t.Errorf("%d frames, next %d, %d segments", n, b.Next(), len(segments))
	}
}

func TestOneProcessAtATime(t *testing.T) {
	dir := t.TempDir()
	open(t, dir, outbox.Options{})
	if _, err := outbox.Open(dir, outbox.Options{}); !errors.Is(err, file.ErrLocked) {
		t.Error(err)
	}
}

func TestBounded(t *testing.T) {
	const limit = 16 << 10
	b := open(t, t.TempDir(), outbox.Options{MaxBytes: limit})
	if _, err := b.Append(make([]byte, limit)); !errors.Is(err, outbox.ErrTooLarge) {
		t.Errorf("larger than the outbox: %v", err)
	}
	var err error
	n := 0
	for ; err == nil; n++ {
		_, err = b.Append(payload(b.Next(), 500))
	}
	frames, bytes, _ := b.Usage()
	if !errors.Is(err, outbox.ErrFull) || bytes > limit || frames != n-1 || bytes < limit-600 {
		t.Fatalf("%v: %d frames, %d bytes", err, frames, bytes)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := b.WaitRoom(ctx, 500); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("room in a full outbox: %v", err)
	}
	var done sync.WaitGroup
	done.Go(func() {
		for seq := range b.Next() {
			_ = b.Done(seq)
		}
	})
	if err := b.WaitRoom(t.Context(), 500); err != nil {
		t.Fatal(err)
	}
	done.Wait()
	for range 1000 { // for ever, as long as answers come
		id, err := b.Append(payload(b.Next(), 500))
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Done(id.Seq); err != nil {
			t.Fatal(err)
		}
	}
}

// A file that is cut anywhere, as a crash does, opens: what was whole is there, nothing else.
func TestTornTail(t *testing.T) {
	dir := t.TempDir()
	b := open(t, dir, outbox.Options{})
	fill(t, b, 3, 40)
	closed(t, b)
	name, data := onlySegment(t, dir)
	for cut := range len(data) + 1 {
		torn := t.TempDir()
		write(t, filepath.Join(torn, name), data[:cut])
		b := open(t, torn, outbox.Options{})
		whole, damaged := check(t, b, 40)
		if want := cut / (len(data) / 3); len(whole) != want || len(damaged) > 0 || b.Next() != uint64(want+1) {
			t.Fatalf("cut at %d: %v pending, %v damaged, next %d", cut, whole, damaged, b.Next())
		}
		fill(t, b, 1, 40)
		closed(t, b)
	}
}

// A byte that is wrong costs one frame, which is named, and no other.
func TestDamageIsNamed(t *testing.T) {
	dir := t.TempDir()
	b := open(t, dir, outbox.Options{})
	fill(t, b, 4, 40)
	closed(t, b)
	name, data := onlySegment(t, dir)
	for at := range len(data) {
		bad := t.TempDir()
		changed := bytes.Clone(data)
		changed[at] ^= 0x41
		write(t, filepath.Join(bad, name), changed)
		b := open(t, bad, outbox.Options{})
		whole, damaged := check(t, b, 40)
		hit := at / (len(data) / 4)
		if hit == 3 { // the last one might as well be torn
			if len(whole) != 3 || len(damaged) != 0 {
				t.Fatalf("byte %d: %v pending, %v damaged", at, whole, damaged)
			}
		} else if len(whole) != 3 || len(damaged) != 1 || damaged[0] != uint64(hit+1) {
			t.Fatalf("byte %d: %v pending, %v damaged", at, whole, damaged)
		}
		closed(t, b)
	}
}

// A segment that is gone is named frame by frame; those who are done are not missed.
func TestSegmentIsGone(t *testing.T) {
	dir := t.TempDir()
	b := open(t, dir, outbox.Options{MaxBytes: 64 << 10, SegmentBytes: 1 << 10})
	fill(t, b, 30, 200)
	if err := b.Done(6); err != nil {
		t.Fatal(err)
	}
	closed(t, b)
	segments, _ := filepath.Glob(filepath.Join(dir, "*.seg"))
	if err := os.Remove(segments[1]); err != nil {
		t.Fatal(err)
	}
	b = open(t, dir, outbox.Options{})
	whole, damaged := check(t, b, 200)
	if len(whole)+len(damaged) != 29 || !slices.Equal(damaged, []uint64{7, 8, 9, 10}) {
		t.Fatalf("%v pending, %v damaged", whole, damaged)
	}
	if err := b.Done(damaged...); err != nil {
		t.Fatal(err)
	}
	closed(t, b)
	if _, damaged := check(t, open(t, dir, outbox.Options{}), 200); len(damaged) > 0 {
		t.Errorf("%v are still damaged", damaged)
	}
}

// A full disk is one error, and what was accepted stays.
func TestDiskFull(t *testing.T) {
	dir := t.TempDir()
	b := open(t, dir, outbox.Options{})
	fill(t, b, 3, 40)
	file.InjectFaults(dir, func(op file.Op, _ string) error {
		if op == file.OpWrite || op == file.OpCreate {
			return syscall.ENOSPC
		}
		return nil
	})
	_, err := b.Append(payload(4, 40))
	if !errors.Is(err, file.ErrWrite) || !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("a full disk: %v", err)
	}
	if err := b.Done(2); !errors.Is(err, syscall.ENOSPC) { // not noted yet
		t.Errorf("a full disk: %v", err)
	}
	file.InjectFaults(dir, nil)
	fill(t, b, 1, 40)
	if err := b.Done(1); err != nil { // notes both
		t.Error(err)
	}
	closed(t, b)
	if whole, damaged := check(t, open(t, dir, outbox.Options{}), 40); !slices.Equal(whole, []uint64{3, 4}) || len(damaged) > 0 {
		t.Errorf("%v pending, %v damaged", whole, damaged)
	}
}

// Whichever operation fails, what Wait has confirmed is there at the next opening.
func TestFaultsAnywhere(t *testing.T) {
	for fails := range 60 {
		dir := t.TempDir()
		var mu sync.Mutex
		count := 0
		file.InjectFaults(dir, func(file.Op, string) error {
			mu.Lock()
			defer mu.Unlock()
			if count++; count == fails+1 {
				return syscall.EIO
			}
			return nil
		})
		confirmed := map[uint64]bool{}
		b, err := outbox.Open(dir, outbox.Options{MaxBytes: 8 << 10, SegmentBytes: 300})
		for err == nil {
			var id outbox.ID
			if id, err = b.Append(payload(b.Next(), 100)); err == nil {
				err = b.Wait(t.Context(), id.Seq)
			}
			if err == nil {
				confirmed[id.Seq] = true
			}
		}
		if b != nil {
			_ = b.Close()
		}
		file.InjectFaults(dir, nil)
		if errors.Is(err, outbox.ErrFull) {
			if fails == 0 {
				t.Fatal("no operation failed")
			}
			return
		}
		if !errors.Is(err, syscall.EIO) {
			t.Fatalf("%d: %v", fails, err)
		}
		b = open(t, dir, outbox.Options{})
		whole, _ := check(t, b, 100)
		for _, seq := range whole {
			delete(confirmed, seq)
		}
		if len(confirmed) > 0 {
			t.Fatalf("operation %d failed: %v are gone", fails, confirmed)
		}
		closed(t, b)
	}
}

// child appends for ever and prints what is on the disk for certain, until it is killed.
func child(dir string) {
	b, err := outbox.Open(dir, outbox.Options{SegmentBytes: 4 << 10})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	for {
		id, err := b.Append(payload(b.Next(), 300))
		if err == nil {
			err = b.Wait(context.Background(), id.Seq)
		}
		if id.Seq%3 == 0 && err == nil {
			err = b.Done(id.Seq)
		}
		fmt.Println(id.Seq, err)
	}
}

func TestKilled(t *testing.T) {
	dir := t.TempDir()
	confirmed := uint64(0)
	for round := range 8 {
		var out bytes.Buffer
		c := exec.Command(os.Args[0])
		c.Env, c.Stdout = append(os.Environ(), "OUTBOX_TEST_CHILD="+dir), &out
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(20+10*round) * time.Millisecond)
		_ = c.Process.Kill()
		_ = c.Wait()
		for line := range strings.Lines(out.String()) {
			seq, rest, ok := strings.Cut(strings.TrimSpace(line), " ")
			if n, err := strconv.ParseUint(seq, 10, 64); ok && rest == "<nil>" && err == nil {
				confirmed = max(confirmed, n)
			}
		}
		b := open(t, dir, outbox.Options{})
		pending := map[uint64]bool{}
		whole, damaged := check(t, b, 300)
		for _, seq := range whole {
			pending[seq] = true
		}
		if len(damaged) > 0 || b.Next() <= confirmed {
			t.Fatalf("%v damaged, next %d, confirmed %d", damaged, b.Next(), confirmed)
		}
		for seq := uint64(1); seq <= confirmed; seq++ {
			if seq%3 != 0 && !pending[seq] {
				t.Fatalf("round %d: frame %d is gone", round, seq)
			}
		}
		closed(t, b)
	}
	if confirmed < 8 {
		t.Errorf("only %d frames", confirmed)
	}
}

func FuzzOpen(f *testing.F) {
	dir := f.TempDir()
	b, err := outbox.Open(dir, outbox.Options{})
	if err != nil {
		f.Fatal(err)
	}
	for range 3 {
		if _, err := b.Append(payload(b.Next(), 20)); err != nil {
			f.Fatal(err)
		}
	}
	if err := errors.Join(b.Done(2), b.Close()); err != nil {
		f.Fatal(err)
	}
	_, data := onlySegment(f, dir)
	f.Add(data, data, uint8(3))
	f.Add(data[:50], data[30:], uint8(0))
	f.Add([]byte("DQODQODQO"), []byte{}, uint8(200))
	f.Fuzz(func(t *testing.T, first, second []byte, gap uint8) {
		dir := t.TempDir()
		write(t, filepath.Join(dir, "00000000-0000000000000001.seg"), first)
		write(t, filepath.Join(dir, fmt.Sprintf("00000001-%016x.seg", 1+int(gap))), second)
		b, err := outbox.Open(dir, outbox.Options{})
		if err != nil {
			if !errors.Is(err, outbox.ErrDamaged) {
				t.Fatal(err)
			}
			return
		}
		before := b.Pending()
		for _, item := range before {
			if _, err := b.Read(item.Seq); (err == nil) == item.Damaged {
				t.Fatalf("%+v: %v", item, err)
			}
		}
		id, err := b.Append([]byte("more"))
		if err != nil {
			t.Fatal(err)
		}
		closed(t, b)
		b = open(t, dir, outbox.Options{})
		after := b.Pending()
		// What segments that nobody writes have noted out of order may be forgotten; what is whole stays.
		gone := slices.DeleteFunc(before, func(i outbox.Item) bool { return i.Damaged || slices.Contains(after, i) })
		if len(gone) > 0 || after[len(after)-1].ID != id {
			t.Fatalf("%v, then %v", before, after)
		}
		closed(t, b)
	})
}

func onlySegment(t testing.TB, dir string) (name string, data []byte) {
	t.Helper()
	segments, _ := filepath.Glob(filepath.Join(dir, "*.seg"))
	if len(segments) != 1 {
		t.Fatalf("%d segments", len(segments))
	}
	data, err := os.ReadFile(segments[0])
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Base(segments[0]), data
}

func write(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

func BenchmarkAppend(b *testing.B) {
	box, err := outbox.Open(b.TempDir(), outbox.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer box.Close()
	data := make([]byte, 2000)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		id, err := box.Append(data)
		if err != nil {
			b.Fatal(err)
		}
		if id.Seq > 64 { // so many are on their way to the disk at once
			if err := box.Wait(b.Context(), id.Seq-64); err != nil {
				b.Fatal(err)
			}
			if err := box.Done(id.Seq - 64); err != nil {
				b.Fatal(err)
			}
		}
	}
}
