package dataset

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/dqa-go/dqa/internal/file"
	"github.com/dqa-go/dqa/profile"
	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// maxYAML bounds a preprocessing file; those written by people have a few hundred bytes.
const maxYAML = file.MaxYAML

// settings are the keys of a preprocessing file, named as the command line's flags. Values are texts as on the command
// line, numbers, or lists of numbers.
type settings struct {
	Size     any `yaml:"size"`
	Resample any `yaml:"resize"`
	Crop     any `yaml:"crop"`
	Mean     any `yaml:"mean"`
	Std      any `yaml:"std"`
	Divisor  any `yaml:"divisor"`
	Channels any `yaml:"channels"`
	Layout   any `yaml:"layout"`
	Shape    any `yaml:"shape"`
	Ignore   any `yaml:"ignore"`
	Shift    any `yaml:"label-shift"`
	Orient   any `yaml:"orientation"`
}

// LoadPreprocess reads the YAML file that lies beside a model, with any of these keys:
//
//	size: 256          # shorter side, or height x width: 360x480
//	resize: bilinear   # or bicubic, letterbox
//	crop: 224          # centre crop, or height x width
//	divisor: 255
//	mean: [0.485, 0.456, 0.406]
//	std: [0.229, 0.224, 0.225]
//	channels: rgb      # or bgr, gray
//	layout: nchw       # or nhwc
//	shape: 1x3x224x224 # of the input, for networks with dynamic axes
//	ignore: [255, -1]  # labels that no score counts, as they are in the data
//	label-shift: -1    # added to the other labels: data counts from 1
//	orientation: exif  # or stored: pictures stay as they are stored
//
// Unknown keys and values that make no sense are ErrPreprocess; a file that is not there is ErrMissing.
func LoadPreprocess(path string) (profile.Preprocess, error) {
	if err := needRegular(path); err != nil {
		return profile.Preprocess{}, err
	}
	f, err := file.Open(path)
	if err != nil {
		return profile.Preprocess{}, missing(err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxYAML+1))
	if err != nil {
		return profile.Preprocess{}, err
	}
	p, err := parsePreprocess(text)
	if err != nil {
		return profile.Preprocess{}, fmt.Errorf("%s: %w", path, err)
	}
	return p, nil
}

func parsePreprocess(text []byte) (p profile.Preprocess, err error) {
	var s settings
	if err := decodeYAML(text, &s); err != nil {
		return p, fmt.Errorf("%w: %w", ErrPreprocess, err)
	}
	for _, of := range []struct {
		key   string
		value any
	}{
		{"size", s.Size}, {"resize", s.Resample}, {"crop", s.Crop}, {"mean", s.Mean}, {"std", s.Std}, {"divisor", s.Divisor},
		{"channels", s.Channels}, {"layout", s.Layout}, {"shape", s.Shape}, {"ignore", s.Ignore}, {"orientation", s.Orient},
		{"label-shift", s.Shift},
	} {
		if list, ok := of.value.([]any); of.value == nil || ok && len(list) == 0 {
			continue
		}
		text, err := plain(of.value)
		if err == nil {
			err = Setting{of.key, text}.Apply(&p)
		}
		if err != nil {
			return p, fmt.Errorf("%s: %w", of.key, err)
		}
	}
	return p, checkPreprocess(p)
}

// parseLabelShift reads -1, 0 or 1.
func parseLabelShift(text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < -1 || n > 1 {
		return 0, fmt.Errorf("%w: %q: -1, 0 or 1 expected", ErrPreprocess, text)
	}
	return n, nil
}

// decodeYAML refuses unknown and doubled keys, and anchors: expanding them is how a short file becomes a long one.
func decodeYAML(text []byte, s *settings) error {
	if err := file.CheckYAML(text); err != nil {
		return err
	}
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		return errors.New(yaml.FormatError(err, false, false))
	}
	if len(file.Docs) == 0 || file.Docs[0].Body == nil {
		return nil
	}
	if len(file.Docs) > 1 {
		return errors.New("more than one document")
	}
	body := file.Docs[0].Body
	var anchors anchorFinder
	if ast.Walk(&anchors, body); anchors {
		return errors.New("anchors and aliases are not read")
	}
	if err := yaml.NodeToValue(body, s, yaml.Strict()); err != nil {
		return errors.New(yaml.FormatError(err, false, false))
	}
	return nil
}

type anchorFinder bool

func (a *anchorFinder) Visit(n ast.Node) ast.Visitor {
	switch n.Type() {
	case ast.AnchorType, ast.AliasType, ast.MergeKeyType:
		*a = true
	}
	return a
}

// plain is the text of a YAML value as one would write it on the command line.
func plain(value any) (string, error) {
	switch v := value.(type) {
	case string:
		return v, nil
	case uint64, int64, int:
		return fmt.Sprint(v), nil
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64), nil
	case []any:
		fields := make([]string, len(v))
		for i, e := range v {
			if _, nested := e.([]any); nested {
				return "", fmt.Errorf("%w: a list in a list", ErrPreprocess)
			}
			var err error
			if fields[i], err = plain(e); err != nil {
				return "", err
			}
		}
		return strings.Join(fields, ","), nil
	}
	return "", fmt.Errorf("%w: neither text nor number nor list", ErrPreprocess)
}

// checkPreprocess looks at what profile.Preprocess.Validate leaves to the reader of images, too.
func checkPreprocess(p profile.Preprocess) error {
	if err := p.Validate(); err != nil {
		return fmt.Errorf("%w: %w", ErrPreprocess, err)
	}
	switch p.Channels {
	case "", "rgb", "bgr", "gray":
	default:
		return fmt.Errorf("%w: channels %q: rgb, bgr or gray", ErrPreprocess, p.Channels)
	}
	switch p.Layout {
	case "", "nchw", "nhwc":
	default:
		return fmt.Errorf("%w: layout %q: nchw or nhwc", ErrPreprocess, p.Layout)
	}
	if p.Resize.Height > 0 && p.Resize.Width == 0 || (p.Crop.Height == 0) != (p.Crop.Width == 0) {
		return fmt.Errorf("%w: a size lacks a side", ErrPreprocess)
	}
	return nil
}

// maxSide bounds sizes in pixels.
const maxSide = 1 << 15

// parseResize reads "256", the shorter side (Size.Height 0), or "360x480", height x width.
func parseResize(text string) (profile.Size, error) {
	if strings.Contains(text, "x") {
		return parseSize(text)
	}
	n, err := parseSide(text)
	return profile.Size{Width: n}, err
}

// parseCrop reads "224", a square, or "360x480", height x width.
func parseCrop(text string) (profile.Size, error) {
	if strings.Contains(text, "x") {
		return parseSize(text)
	}
	n, err := parseSide(text)
	return profile.Size{Height: n, Width: n}, err
}

func parseSize(text string) (profile.Size, error) {
	height, width, _ := strings.Cut(text, "x")
	h, err := parseSide(height)
	if err != nil {
		return profile.Size{}, err
	}
	w, err := parseSide(width)
	return profile.Size{Height: h, Width: w}, err
}

func parseSide(text string) (int, error) {
	n, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil || n < 1 || n > maxSide {
		return 0, fmt.Errorf("%w: %q is no size: write 224, or 360x480 (height x width)", ErrPreprocess, text)
	}
	return n, nil
}

// parseFloats reads ".485,.456,.406".
func parseFloats(text string) ([]float32, error) {
	var out []float32
	for field := range strings.SplitSeq(text, ",") {
		v, err := strconv.ParseFloat(strings.TrimSpace(field), 32)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("%w: %q is no list of numbers: write .485,.456,.406", ErrPreprocess, text)
		}
		out = append(out, float32(v))
	}
	return out, nil
}

// parseInts reads "11", "255,254", and for shapes "1,3,224,224" or "1x3x224x224".
func parseInts(text string) ([]int, error) {
	var out []int
	for field := range strings.SplitSeq(strings.ReplaceAll(text, "x", ","), ",") {
		v, err := strconv.ParseUint(strings.TrimSpace(field), 10, 31)
		if err != nil {
			return nil, fmt.Errorf("%w: %q is no list of numbers from 0 on", ErrPreprocess, text)
		}
		out = append(out, int(v))
	}
	return out, nil
}

// parseLabels reads "0", "255,254" or "-1".
func parseLabels(text string) ([]int, error) {
	var out []int
	for field := range strings.SplitSeq(text, ",") {
		v, err := strconv.ParseInt(strings.TrimSpace(field), 10, 32)
		if err != nil {
			return nil, fmt.Errorf("%w: %q is no list of labels: write 255 or -1,255", ErrPreprocess, text)
		}
		out = append(out, int(v))
	}
	return out, nil
}

// parseResample reads bilinear, bicubic or letterbox.
func parseResample(text string) (profile.Resample, error) {
	switch r := profile.Resample(text); r {
	case profile.Bicubic, profile.Letterbox:
		return r, nil
	case "bilinear":
		return profile.Bilinear, nil
	}
	return "", fmt.Errorf("%w: %q: bilinear, bicubic or letterbox", ErrPreprocess, text)
}

// parseOrientation reads exif, or stored, which it tells.
func parseOrientation(text string) (asStored bool, err error) {
	switch text {
	case "exif":
		return false, nil
	case "stored":
		return true, nil
	}
	return false, fmt.Errorf("%w: %q: exif or stored", ErrPreprocess, text)
}

func parseDivisor(text string) (float32, error) {
	v, err := parseFloats(text)
	if err != nil || len(v) != 1 || v[0] <= 0 {
		return 0, fmt.Errorf("%w: %q is no positive number", ErrPreprocess, text)
	}
	return v[0], nil
}

// shapeText writes a shape as 1x3x224x224.
func shapeText(shape []int) string {
	fields := make([]string, len(shape))
	for i, d := range shape {
		fields[i] = strconv.Itoa(d)
	}
	return strings.Join(fields, "x")
}
