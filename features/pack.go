package features

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/internal/file"
	"github.com/dqa-go/dqa/internal/parallel"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/zarr"
)

// PackOptions steer Pack. The zero value works.
type PackOptions struct {
	Axes     Axes   // "": DefaultAxes
	Source   string // what the array is called
	Tool     string // version of the program
	Workers  int    // 0 or less: one
	Limits   dqa.Limits
	Progress Progress
	// Open opens the array once more, for a worker of its own.
	Open func() (Rows, error)
}

// objectValues is about how many values an object (a shard) holds: 16 MiB of float32, which a worker has in memory.
const objectValues = 4 << 20

// provedValues is the most values of held-out rows that the certificate is measured on.
const provedValues = 4 << 20

// Pack stores the array as a Zarr array in a folder, or in a zip file if the name ends in .zip. What an earlier call with the
// same array and profile has finished is kept: it goes on where that one was stopped, and the store is the same, byte for byte.
// Another array or profile is ErrStore. Errors wrap ErrProfile where the profile is not for arrays of this shape.
func Pack(ctx context.Context, name string, x Rows, p *profile.Profile, opt PackOptions) (*Certificate, error) {
	k, err := newPacker(x, p, opt)
	if err != nil {
		return nil, err
	}
	if !strings.HasSuffix(strings.ToLower(name), ".zip") {
		c, err := k.pack(ctx, name)
		if err != nil {
			return nil, err
		}
		return c, file.Remove(filepath.Join(name, journalName))
	}
	folder := name + ".part"
	c, err := k.pack(ctx, folder)
	if err != nil {
		return nil, err
	}
	if err := zarr.Zip(name, folder); err != nil {
		return nil, err
	}
	return c, os.RemoveAll(folder)
}

type packer struct {
	opt     PackOptions
	profile *profile.Profile
	codec   *dqa.Codec
	meta    zarr.Meta
	row     int
	config  codecConfig
	workers []*packWorker
	writing *backlog
	proved  []int     // rows that the certificate stands on, see provedRows
	before  []float32 // what they are: gathered while objects are packed, so that the array is read once
}

// packWorker is one goroutine's.
type packWorker struct {
	rows   Rows
	enc    *dqa.Encoder
	values []float32 // of an object
	last   []float32 // the chunk that stands over the end
	frames []byte    // of an object, one behind the other
	ends   []int     // of frames
	chunks [][]byte  // frames again
	one    [1][]float32
}

func newPacker(x Rows, p *profile.Profile, opt PackOptions) (*packer, error) {
	shape := x.Shape()
	if opt.Axes == "" {
		opt.Axes = DefaultAxes(len(shape))
	}
	rows, err := checkProfile(p, opt.Axes, shape)
	if err != nil {
		return nil, err
	}
	k := &packer{opt: opt, profile: p, writing: newBacklog()}
	k.meta = zarr.Meta{Shape: shape, Rows: rows}
	k.row = k.meta.RowSize()
	k.proved = provedRows(shape[0], k.row)
	k.before = make([]float32, len(k.proved)*k.row)
	k.meta.ChunksPerShard = max(1, objectValues/(k.row*rows))
	for _, r := range opt.Axes {
		k.meta.Dimensions = append(k.meta.Dimensions, string(r))
	}
	if k.meta.Codec, err = newCodecConfig(p); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(k.meta.Codec.Configuration, &k.config); err != nil {
		return nil, err
	}
	if k.codec, err = opt.Limits.NewCodec(p); err != nil {
		return nil, err
	}
	k.workers = append(k.workers, &packWorker{rows: x})
	for i := 1; i < opt.Workers && opt.Open != nil; i++ {
		more, err := opt.Open()
		if err != nil {
			return nil, err
		}
		k.workers = append(k.workers, &packWorker{rows: more})
	}
	for _, w := range k.workers {
		w.enc = k.codec.NewEncoder()
	}
	return k, nil
}

// checkProfile tells whether a profile is one for arrays of this shape, and how many rows a chunk has.
func checkProfile(p *profile.Profile, axes Axes, shape []int) (rows int, err error) {
	g, rows, err := axes.geometry(shape)
	switch {
	case err != nil:
		return 0, err
	case len(p.Edges) != 1:
		return 0, fmt.Errorf("%w: it has %d edges: it is a network's, not an array's", ErrProfile, len(p.Edges))
	}
	e := &p.Edges[0]
	if each := g.Rows / rows; g.ChannelsLast && e.Rows%each == 0 { // rows one below the other: as many as the profile says
		rows, g.Rows = e.Rows/each, e.Rows
	}
	if e.Channels != g.Channels || e.Rows != g.Rows || e.Cols != g.Cols || e.ChannelsLast != g.ChannelsLast {
		return 0, fmt.Errorf("%w: it is for chunks of %d channels by %d by %d, an array of %s %v has %d by %d by %d",
			ErrProfile, e.Channels, e.Rows, e.Cols, axes, shape, g.Channels, g.Rows, g.Cols)
	}
	return rows, nil
}

// packed is what became of an object.
type packed struct {
	digest          [32]byte
	size, nonFinite int
}

func (k *packer) pack(ctx context.Context, dir string) (*Certificate, error) {
	w, err := k.open(dir)
	if err != nil {
		return nil, err
	}
	digest, c := newArrayDigest(k.meta.Shape), &Certificate{
		Tool: k.opt.Tool, Profile: k.config.Digest, Source: k.opt.Source, Axes: k.opt.Axes, Objective: objectiveOf(k.profile),
	}
	bytes, objects := 0, k.meta.Objects()
	err = parallel.Ordered(ctx, objects, len(k.workers), func(worker, i int) (packed, error) {
		return k.workers[worker].object(k, w, i)
	}, func(i int, o packed) error {
		digest.add(o.digest)
		bytes, c.NonFinite = bytes+o.size, c.NonFinite+o.nonFinite
		k.opt.Progress.report("packing", "rows", min((i+1)*k.meta.Rows*k.meta.ChunksPerShard, k.meta.Shape[0]), k.meta.Shape[0])
		return nil
	})
	if err = errors.Join(err, k.writing.wait()); err != nil {
		return nil, err
	}
	c.Array = digest.text()
	if n := k.meta.Shape[0] * k.row; n > 0 {
		c.StoredBits = 8 * float64(bytes) / float64(n)
	}
	if err := k.prove(ctx, c); err != nil {
		return nil, err
	}
	attributes, err := c.attributes()
	if err != nil {
		return nil, err
	}
	return c, w.Finish(attributes)
}

// objectiveOf is what a profile of Fit was asked for.
func objectiveOf(p *profile.Profile) string {
	if p.Evidence == nil {
		return ""
	}
	_, asked, _ := strings.Cut(p.Evidence.Distortion, "asked for ")
	return asked
}

// journalName is the file that an unfinished store has: of what, so that another array does not go on with it.
const journalName = ".dqa-pack.json"

// open prepares the folder, or goes on with an unfinished store of the same array and profile.
func (k *packer) open(dir string) (*zarr.Writer, error) {
	journal, err := json.Marshal(map[string]any{"profile": k.config.Digest, "shape": k.meta.Shape, "source": k.opt.Source})
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, journalName)
	switch old, err := file.Read(path); {
	case err == nil && string(old) != string(journal):
		return nil, fmt.Errorf("%w: %s is an unfinished store of something else: %.200s", ErrStore, dir, old)
	case err == nil:
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	default:
		if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
			return nil, fmt.Errorf("%w: %s is there and not an unfinished store", ErrStore, dir)
		}
	}
	w, err := zarr.NewWriter(dir, k.meta)
	if err != nil {
		return nil, err
	}
	return w, file.WriteBytes(path, journal)
}

// object encodes and writes one object, or finds it written: then its rows are only hashed.
func (w *packWorker) object(k *packer, to *zarr.Writer, i int) (packed, error) {
	perChunk := k.meta.Rows * k.row
	first := i * k.meta.ChunksPerShard * k.meta.Rows
	n := min(k.meta.ChunksPerShard*k.meta.Rows, k.meta.Shape[0]-first)
	values, err := w.read(first, n, k.row)
	if err != nil {
		return packed{}, err
	}
	k.gather(values, first)
	var out packed
	out.digest = digestOf(values)
	if size, ok := to.Has(i); ok {
		out.size = size
		out.nonFinite = countNonFinite(values)
		return out, nil
	}
	w.frames, w.ends, w.chunks = w.frames[:0], w.ends[:0], w.chunks[:0]
	for at := 0; at < len(values); at += perChunk {
		chunk := values[at:min(at+perChunk, len(values))]
		if len(chunk) < perChunk {
			w.last = append(append(w.last[:0], chunk...), make([]float32, perChunk-len(chunk))...)
			chunk = w.last
		}
		w.one[0] = chunk
		if w.frames, err = w.enc.Append(w.frames, w.one[:]); err != nil {
			return packed{}, err
		}
		out.nonFinite += w.enc.NonFinite()
		w.ends = append(w.ends, len(w.frames))
	}
	start := 0
	for _, end := range w.ends {
		w.chunks = append(w.chunks, w.frames[start:end:end])
		start = end
	}
	object, err := k.meta.Object(i, w.chunks)
	if err != nil {
		return packed{}, err
	}
	out.size = len(object)
	return out, k.writing.add(func() error { return to.Write(i, object) })
}

// read gives n rows from row first on: where they lie, if the array has them in memory.
func (w *packWorker) read(first, n, row int) ([]float32, error) {
	if v, ok := w.rows.(interface{ View(i, n int) []float32 }); ok {
		if values := v.View(first, n); values != nil {
			return values, nil
		}
	}
	if cap(w.values) < n*row {
		w.values = make([]float32, n*row)
	}
	return w.values[:n*row], w.rows.ReadRows(w.values[:n*row], first)
}

func countNonFinite(values []float32) (n int) {
	for _, v := range values {
		if v-v != 0 {
			n++
		}
	}
	return n
}

// gather keeps those rows, of values that begin with row first, that the certificate stands on. Objects have rows of their own.
func (k *packer) gather(values []float32, first int) {
	at, _ := slices.BinarySearch(k.proved, first)
	for ; at < len(k.proved) && (k.proved[at]-first)*k.row < len(values); at++ {
		copy(k.before[at*k.row:][:k.row], values[(k.proved[at]-first)*k.row:])
	}
}

// prove measures what storing does to the rows that were gathered. Where in a chunk a row lies makes no difference.
func (k *packer) prove(ctx context.Context, c *Certificate) error {
	x, y := k.before, make([]float32, len(k.before))
	var codes dqa.Codes
	chunk, e := make([]float32, k.meta.Rows*k.row), &k.profile.Edges[0]
	for at := 0; at < len(x); at += len(chunk) {
		if err := ctx.Err(); err != nil {
			return err
		}
		clear(chunk[copy(chunk, x[at:]):])
		codes.Simulate(e, chunk)
		copy(y[at:], chunk)
	}
	silence(x, y)
	c.Quality = measure(x, y, k.row)
	return nil
}

// silence leaves out what is not finite: nothing can be said of it, NonFinite counts it.
func silence(x, y []float32) {
	for i, v := range x {
		if v-v != 0 {
			x[i], y[i] = 0, 0
		}
	}
}

// provedRows are held-out rows, spread evenly, of at most provedValues values.
func provedRows(n, row int) []int {
	var rows []int
	most := max(2, provedValues/row)
	step := max(1, n/(2*most))
	for i := 0; i < n && len(rows) < most; i += step {
		if HeldOut(i) {
			rows = append(rows, i)
		}
	}
	return rows
}
