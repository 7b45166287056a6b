package dataset

import (
	"fmt"
	"image"
	"io"
	"path/filepath"
	"strings"
)

// openMasks opens images and their label masks: two folders, or two .npy files.
func openMasks(parts []string) (Source, error) {
	if len(parts) != 2 {
		return nil, fmt.Errorf("%w: two folders or two .npy files expected: masks:IMAGES,LABELS", ErrSpec)
	}
	text := spec{scheme: "masks", parts: parts}.String()
	if strings.EqualFold(filepath.Ext(parts[0]), ".npy") {
		src, err := openNPY(parts)
		if err != nil {
			return nil, err
		}
		if src.Labels() != MaskLabels {
			return nil, fmt.Errorf("%w: %s holds class indices, not masks; did you mean npy:%s,%s?", ErrLabel, parts[1], quote(parts[0]), quote(parts[1]))
		}
		src.(*source).spec = text
		return src, nil
	}
	images, err := listFolder(parts[0])
	if err != nil {
		return nil, err
	}
	labels, err := listFolder(parts[1])
	if err != nil {
		return nil, err
	}
	masks, err := pair(images, labels)
	if err != nil {
		return nil, err
	}
	return &source{images, masks, text}, nil
}

func listFolder(dir string) (*pictures, error) {
	if err := needFolder(dir); err != nil {
		return nil, err
	}
	names, err := listPictures(dir)
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("%w: no PNG or JPEG file in %s", ErrEmpty, dir)
	}
	return &pictures{dir, names}, nil
}

func baseName(name string) string { return strings.TrimSuffix(name, filepath.Ext(name)) }

// pair finds the label of every image. Labels without an image are left alone.
func pair(images, labels *pictures) (*maskPictures, error) {
	byBase := map[string]string{}
	for _, n := range labels.names {
		if other, ok := byBase[baseName(n)]; ok {
			return nil, fmt.Errorf("%w: %s and %s in %s have the same base name", ErrLabel, other, n, labels.root)
		}
		byBase[baseName(n)] = n
	}
	m := &maskPictures{pictures{root: labels.root}}
	for _, n := range images.names {
		l, ok := byBase[baseName(n)]
		if !ok {
			return nil, fmt.Errorf("%w: no label %s.png in %s for image %s", ErrMissing, baseName(n), labels.root, n)
		}
		m.names = append(m.names, l)
	}
	return m, nil
}

// maskPictures are label PNGs.
type maskPictures struct{ pictures }

func (*maskPictures) kind() LabelKind { return MaskLabels }

// label reads palette indices or gray values, as stored.
func (m *maskPictures) label(i int) (label, error) {
	path := m.path(i)
	img, err := decodePicture(path)
	if err != nil {
		return label{}, fmt.Errorf("%w: %w", ErrLabel, err)
	}
	b := img.Bounds()
	l := label{class: -1, height: b.Dy(), width: b.Dx()}
	switch g := img.(type) {
	case *image.Paletted:
		l.mask = copyRows(g.Pix, g.Stride, l.height, l.width)
		return l, nil
	case *image.Gray:
		l.mask = copyRows(g.Pix, g.Stride, l.height, l.width)
		return l, m.unspread(path, l.mask)
	}
	return l, fmt.Errorf("%w: %s: a label image is an 8-bit PNG with a palette or in gray, the class being the index or gray value", ErrLabel, path)
}

func copyRows(pix []byte, stride, h, w int) []uint8 {
	out := make([]uint8, 0, h*w)
	for y := range h {
		out = append(out, pix[y*stride:][:w]...)
	}
	return out
}

// unspread takes back what the PNG decoder does to gray of 1, 2 or 4 bits: it spreads the values over 0..255.
func (m *maskPictures) unspread(path string, mask []uint8) error {
	f, err := openPicture(path)
	if err != nil {
		return err
	}
	defer f.Close()
	var head [25]byte // signature 8, chunk length and name 8, width 4, height 4, bit depth 1
	if _, err := io.ReadFull(f, head[:]); err != nil || string(head[1:4]) != "PNG" {
		return fmt.Errorf("%w: %s is not a PNG file: JPEG changes the classes", ErrLabel, path)
	}
	if depth := head[24]; depth < 8 {
		step := uint8(255 / (1<<depth - 1))
		for i := range mask {
			mask[i] /= step
		}
	}
	return nil
}
