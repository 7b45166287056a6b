package main

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/profile"
)

// set collects vectors, and in what they do not fit together.
type set struct {
	doc   document
	names map[string]bool
	known map[string]string // profiles by their bytes
	errs  []error
}

func newSet() *set {
	return &set{
		doc:   document{Version: 1, Profiles: map[string][]byte{}},
		names: map[string]bool{}, known: map[string]string{},
	}
}

func (s *set) fail(format string, args ...any) { s.errs = append(s.errs, fmt.Errorf(format, args...)) }

func (s *set) add(v vector) {
	if s.names[v.Name] {
		s.fail("%s: two vectors have this name", v.Name)
	}
	s.names[v.Name] = true
	if v.Bytes == nil {
		v.Bytes = []byte{}
	}
	s.doc.Vectors = append(s.doc.Vectors, v)
	if err := verify(v, s.doc.Profiles); err != nil {
		s.errs = append(s.errs, err)
	}
}

// profile adds a profile under a name, unless it is there, and returns the name that it has.
func (s *set) profile(name string, p *profile.Profile) string {
	b := profileFile(p).bytes()
	if have, ok := s.known[string(b)]; ok {
		return have
	}
	if _, ok := s.doc.Profiles[name]; ok {
		s.fail("profile %s: the name is taken", name)
	}
	if err := p.Validate(); err != nil {
		s.fail("profile %s: %v", name, err)
	} else if !bytes.Equal(b, p.Append(nil)) {
		s.fail("profile %s: the product writes other bytes", name)
	}
	s.known[string(b)], s.doc.Profiles[name] = name, b
	return name
}

// encoded adds the frame of an image, x by edge, which the product must encode to the same bytes.
func (s *set) encoded(name, what string, p *profile.Profile, x [][]float32) {
	images := quantizeAll(p, x)
	b := newWriter(p).frame(images).bytes()
	s.frame(name, what, p, b, images, false)
	codec, err := dqa.NewCodec(p)
	if err != nil {
		s.fail("%s: %v", name, err)
		return
	}
	theirs, err := codec.NewEncoder().Append(nil, x)
	if err != nil || !bytes.Equal(b, theirs) {
		s.fail("%s: the product writes another frame (%v)", name, err)
	}
}

func quantizeAll(p *profile.Profile, x [][]float32) (images []image) {
	for i := range p.Edges {
		images = append(images, quantize(&p.Edges[i], x[i]))
	}
	return images
}

// frame adds a frame that a reader must decode to the values of images.
func (s *set) frame(name, what string, p *profile.Profile, b []byte, images []image, baseOnly bool) {
	v := vector{
		Name: name, Cause: causeOK, What: what, File: fileFrame, Profile: s.profile(name, p), Bytes: b,
		BaseOnly: baseOnly, Edges: []edge{},
	}
	cut := len(b) == cutAt(b)
	for i, img := range images {
		e := &p.Edges[i]
		v.Edges = append(v.Edges, edge{e.Name, floatBytes(img.values(e, baseOnly || cut))})
	}
	s.add(v)
}

// refused adds a frame that a reader must refuse.
func (s *set) refused(name, cause, what string, p *profile.Profile, b []byte) {
	s.add(vector{Name: name, Cause: cause, What: what, File: fileFrame, Profile: s.profile(name, p), Bytes: b})
}

// refusedProfile adds a profile that a reader must refuse.
func (s *set) refusedProfile(name, cause, what string, b []byte) {
	s.add(vector{Name: name, Cause: cause, What: what, File: fileProfile, Bytes: b})
}

// parsed adds a profile that a reader must accept.
func (s *set) parsed(name, what string, p *profile.Profile) {
	b := profileFile(p).bytes()
	if !bytes.Equal(b, p.Append(nil)) {
		s.fail("%s: the product writes other bytes", name)
	}
	s.add(vector{Name: name, Cause: causeOK, What: what, File: fileProfile, Bytes: b})
}

// build makes all vectors.
func build() (*document, error) {
	s := newSet()
	for _, part := range parts {
		part(s)
	}
	return &s.doc, errors.Join(s.errs...)
}

// parts are what vectors.json is made of, in order.
var parts = []func(*set){
	gridVectors,
	profileVectors,
	edgeVectors,
	valueVectors,
	scalableVectors,
	plainVectors,
	fastVectors,
	laneVectors,
	ransVectors,
	badFrameVectors,
	badProfileVectors,
	badCombinationVectors,
	badRawVectors,
	badPaperVectors,
	badPlainVectors,
	badRANSVectors,
	badTileVectors,
	badFastVectors,
	badRefinementVectors,
	version2Vectors,
	tapsVectors,
	transformVectors,
}
