package dataset

import (
	"errors"
	"fmt"
	"image"
	"io"
	"path"
	"strings"
)

// openMasks opens images and their label masks: two folders, or two arrays.
func openMasks(parts []string, opt Options) (Source, error) {
	if len(parts) != 2 {
		return nil, fmt.Errorf("%w: two folders or two .npy files expected: masks:IMAGES,LABELS", ErrSpec)
	}
	text := spec{scheme: "masks", parts: parts}.String()
	if isArray(parts[0]) {
		src, err := openNPY(parts, opt)
		if err != nil {
			return nil, err
		}
		if src.Labels() != MaskLabels {
			return nil, fmt.Errorf("%w: %s holds class indices, not masks; did you mean npy:%s,%s?", ErrLabel, parts[1], quote(parts[0]), quote(parts[1]))
		}
		src.(*source).spec = text
		return src, nil
	}
	images, left, err := listFolder(parts[0], opt)
	if err != nil {
		return nil, err
	}
	labels, more, err := listFolder(parts[1], opt)
	if err != nil {
		return nil, err
	}
	masks, err := pair(images, labels)
	if err != nil {
		return nil, err
	}
	return &source{images, masks, text, opt, append(left, more...)}, nil
}

func baseName(name string) string { return strings.TrimSuffix(name, path.Ext(name)) }

// pair finds the label of every image: the same name in the same sub-folder, whatever the extension. Labels without an
// image are left alone.
func pair(images, labels *pictures) (*maskPictures, error) {
	byBase := map[string]string{}
	for _, n := range labels.names {
		if other, ok := byBase[baseName(n)]; ok {
			return nil, fmt.Errorf("%w: %s and %s in %s have the same base name", ErrLabel, other, n, labels.root)
		}
		byBase[baseName(n)] = n
	}
	m := &maskPictures{pictures{root: labels.root, opt: labels.opt}}
	for _, n := range images.names {
		l, ok := byBase[baseName(n)]
		if !ok {
			return nil, fmt.Errorf("%w: no label %s.png in %s for image %s", ErrMissing, baseName(n), labels.root, n)
		}
		m.names = append(m.names, l)
	}
	return m, nil
}

// maskPictures are label pictures.
type maskPictures struct{ pictures }

func (*maskPictures) kind() LabelKind { return MaskLabels }

// label reads palette indices, gray values of 8 or 16 bits, or the classes of colours.
func (m *maskPictures) label(i int) (label, error) {
	path := m.path(i)
	img, orientation, err := m.opt.decodePicture(path, func(p pictureInfo) error {
		return m.opt.afford(p, 4*int64(p.height)*int64(p.width))
	})
	if err != nil {
		return label{}, fmt.Errorf("%w: %w", ErrLabel, err)
	}
	l, err := m.classes(img, orientation)
	if err == nil {
		err = m.unspread(path, img, l.mask)
	}
	if err != nil {
		return l, fmt.Errorf("%w: %s: %w", ErrLabel, path, err)
	}
	return l, nil
}

func (m *maskPictures) classes(img image.Image, orientation int) (label, error) {
	switch p := img.(type) {
	case *image.Paletted:
		if m.opt.Palette == nil {
			k := walkOf(orientation, p.Bounds().Dy(), p.Bounds().Dx())
			return maskOf(k.bytes(p.Pix, p.Stride, 1, 1), grayClass)
		}
	case *image.YCbCr, *image.NYCbCrA:
		return label{}, fmt.Errorf("lossy compression changes the classes: save masks as PNG")
	}
	r := rasterOfPicture(img, orientation)
	if m.opt.Palette != nil {
		return maskOf(r, m.opt.Palette.class)
	}
	return maskOf(r, grayClass)
}

// maskOf reads a mask pixel by pixel.
func maskOf(r raster, class func(pixel []float32) (int32, error)) (label, error) {
	l := label{class: -1, mask: make([]int32, 0, r.height*r.width), height: r.height, width: r.width}
	row, pixel := make([]float32, r.channels*r.width), make([]float32, r.channels)
	for y := range r.height {
		r.read(y, row)
		for x := range r.width {
			for c := range pixel {
				pixel[c] = row[c*r.width+x]
			}
			class, err := class(pixel)
			if err != nil {
				return l, fmt.Errorf("row %d, column %d: %w", y, x, err)
			}
			l.mask = append(l.mask, class)
		}
	}
	return l, nil
}

// grayClass is the value of a gray pixel, which may be stored as a colour.
func grayClass(pixel []float32) (int32, error) {
	if len(pixel) > 1 && (pixel[0] != pixel[1] || pixel[0] != pixel[2]) {
		return 0, fmt.Errorf("the colour %s is no class: give --palette, the colours of the classes in their order", colourText(pixel))
	}
	return int32(pixel[0]), nil
}

// unspread takes back what the PNG decoder does to gray of 1, 2 or 4 bits: it spreads the values over 0..255.
func (m *maskPictures) unspread(path string, img image.Image, mask []int32) error {
	g, ok := img.(*image.Gray)
	if !ok || m.opt.Palette != nil {
		return nil
	}
	f, err := openPicture(path)
	if err != nil {
		return err
	}
	defer f.Close()
	var head [25]byte // signature 8, chunk length and name 8, width 4, height 4, bit depth 1
	if _, err := io.ReadFull(f, head[:]); unlessEnd(err) != nil {
		return err
	}
	switch {
	case head[0] == 0xff && head[1] == 0xd8:
		return errors.New("not a PNG file: JPEG changes the classes")
	case string(head[1:4]) != "PNG":
		return nil
	}
	if depth := head[24]; depth < 8 && len(g.Pix) > 0 {
		step := int32(255 / (1<<depth - 1))
		for i := range mask {
			mask[i] /= step
		}
	}
	return nil
}
