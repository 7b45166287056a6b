package pilot

import (
	"fmt"

	"github.com/dqa-go/dqa/dataset"
)

// parts are the images of a study.
type parts struct {
	calib, choice, confirm, stream *dataset.Inputs
	lot                            *dataset.Inputs // nil: none was given
	split                          bool
}

// How many images a part has at most. They depend on the network alone, never on the machine, so that results do not.
const (
	mostEach, leastEach   = 1000, 48
	mostCalib, leastCalib = 64, 24
	evaluations           = 1 << 38 // multiply-adds of one setting on one part, as far as a limit has it
	calibrations          = 3 << 33
	productsOfValue       = 400 // multiply-adds that take as long as coding a value
)

// sizes are how many images calibration and each other part may have.
func (r *run) sizes() (calib, each int) {
	unit := max(1, r.net.Graph().AllProducts()+productsOfValue*r.net.Values())
	clamp := func(budget int64, least, most int) int { return int(max(int64(least), min(budget/unit, int64(most)))) }
	calib, each = clamp(calibrations, leastCalib, mostCalib), clamp(evaluations, leastEach, mostEach)
	if r.opt.Images > 0 {
		each = r.opt.Images
		calib = min(calib, r.opt.Images)
	}
	return calib, each
}

// openParts opens the data and takes it apart: every image of a stride that is prime, one part beside the other, so that parts are
// alike however the data is sorted, and every part is a SPEC of its own that any verb reads.
func (r *run) openParts() error {
	data, err := r.net.Data(r.opt.Data)
	if err != nil {
		return err
	}
	most, each := r.sizes()
	uses := 3 // choice, confirmation, stream
	if r.opt.Calib == "" {
		uses, r.split = 4, true
	} else if r.calib, err = r.net.Data(r.opt.Calib); err != nil {
		return err
	}
	stride := primeFrom(max(uses, (data.Len()+each-1)/each))
	take := func(offset int) (*dataset.Inputs, error) { return r.stepped(data, offset, stride, each) }
	if r.choice, err = take(0); err != nil {
		return err
	}
	if r.confirm, err = take(1); err != nil {
		return err
	}
	if r.stream, err = take(2); err != nil {
		return err
	}
	if r.split {
		r.calib, err = take(3)
	}
	if err == nil {
		r.calib, err = r.stepped(r.calib, 0, max(1, (r.calib.Len()+most-1)/most), most)
	}
	if err == nil && r.opt.Lot != "" {
		r.lot, err = r.net.Data(r.opt.Lot)
	}
	return err
}

// stepped are every stride-th image from offset on, at most so many.
func (r *run) stepped(data *dataset.Inputs, offset, stride, most int) (*dataset.Inputs, error) {
	if offset >= data.Len() {
		return nil, fmt.Errorf("%w: %d images are too few to be taken apart: a choice and its confirmation need some of their own",
			dataset.ErrEmpty, data.Len())
	}
	src, err := dataset.Every(data.Source(), offset, data.Len(), stride)
	if err != nil {
		return nil, err
	}
	if src.Len() > most {
		if src, err = dataset.Slice(src, 0, most); err != nil {
			return nil, err
		}
	}
	return r.net.Inputs(src)
}

// primeFrom is the least odd prime that is at least n: data in the order of its classes has a period that no prime above them divides.
func primeFrom(n int) int {
	for p := max(n, 3) | 1; ; p += 2 {
		prime := true
		for d := 3; d*d <= p; d += 2 {
			prime = prime && p%d != 0
		}
		if prime {
			return p
		}
	}
}

// describe lists the parts with their digests.
func (p *parts) describe() (all []Part, err error) {
	for _, part := range []struct {
		use  string
		data *dataset.Inputs
	}{{Calibration, p.calib}, {Choice, p.choice}, {Confirmation, p.confirm}, {Stream, p.stream}, {Lot, p.lot}} {
		if part.data == nil {
			continue
		}
		digest, err := part.data.Source().Digest()
		if err != nil {
			return nil, err
		}
		all = append(all, Part{part.use, part.data.Source().Spec(), part.data.Len(), fmt.Sprintf("%x", digest)})
	}
	return all, nil
}
