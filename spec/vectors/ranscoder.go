package main

import "github.com/dqa-go/dqa/profile"

// ransCoder codes whole codes by models (spec/coders.md).
type ransCoder struct{ models modelChoice }

// modelChoice says which models an edge has for its codes.
type modelChoice interface {
	// slots of an edge, in the order of its models.
	slots(e *profile.Edge) []modelSlot
	// of gives a channel's place among them: one, or 16 by context.
	of(e *profile.Edge, channel int) (from, n int)
}

// modelSlot is a place for a model. Those alike share one.
type modelSlot struct {
	wide  bool // for codes with extra bits
	group int
}

// byChannel is a model for every channel; even ones share, so do odd ones.
type byChannel struct{}

func (byChannel) slots(e *profile.Edge) (all []modelSlot) {
	for ch := range e.Channels {
		all = append(all, modelSlot{e.IsImportant(ch), ch % 2})
	}
	return all
}

func (byChannel) of(_ *profile.Edge, channel int) (from, n int) { return channel, 1 }

// byContext is a model for every context, of important channels and of others; there are three groups.
type byContext struct{}

const contextModels = 16

func (byContext) slots(e *profile.Edge) (all []modelSlot) {
	for k := range 2 * contextModels {
		if wide := k >= contextModels; !wide || e.ExtraBits > 0 {
			all = append(all, modelSlot{wide, min(k%contextModels/3, 2)})
		}
	}
	return all
}

func (byContext) of(e *profile.Edge, channel int) (from, n int) {
	if e.IsImportant(channel) {
		return contextModels, contextModels
	}
	return 0, contextModels
}

func (c ransCoder) fit(p *profile.Profile, e *profile.Edge, img image) {
	if e.Models == nil {
		c.fitModels(p, e, img.channels(e))
		fitClasses(p, e, img.wide)
	}
}

func (c ransCoder) fitModels(p *profile.Profile, e *profile.Edge, channels []channelCodes) {
	slots, counts := c.models.slots(e), map[modelSlot][]uint64{}
	for _, s := range slots {
		bits := e.Bits - e.Refine
		if s.wide {
			bits += e.ExtraBits
		}
		counts[s] = make([]uint64, 1<<bits+1)
	}
	for _, channel := range channels {
		from, n := c.models.of(e, channel.channel)
		for i, v := range channel.codes {
			k := from
			if n > 1 {
				k += context(channel.codes, e.Cols, i)
			}
			count(counts[slots[k]], v, e.Unsigned)
		}
	}
	numbers := map[modelSlot]uint8{}
	for _, s := range slots {
		if _, ok := numbers[s]; !ok {
			numbers[s] = addModel(p, counts[s])
		}
		e.Models = append(e.Models, numbers[s])
	}
}

func (ransCoder) fields(e *profile.Edge, add func(field string, b ...byte)) {
	add("models", e.Models...)
}

func (ransCoder) payload(w writer, e *profile.Edge, channels []channelCodes) []byte {
	return w.whole(e, joined(channels), func() []byte {
		return newRANS().stream(ransTile(w.p, e, channels), e.Cols).join()
	})
}

// ransTile are the planes of a tile with their models.
func ransTile(p *profile.Profile, e *profile.Edge, channels []channelCodes) (planes []ransPlane) {
	choice := coders[e.Coder].(ransCoder).models
	for _, c := range channels {
		from, n := choice.of(e, c.channel)
		low := 0
		if !e.Unsigned {
			low = -1 << (e.WideBits(c.channel) - e.Refine - 1)
		}
		planes = append(planes, ransPlane{c.codes, modelsOf(p, e.Models[from:from+n]), low})
	}
	return planes
}

func modelsOf(p *profile.Profile, numbers []uint8) (models [][]uint16) {
	for _, k := range numbers {
		models = append(models, p.Frequencies[k])
	}
	return models
}

func (ransCoder) refinement(w writer, e *profile.Edge, channels []channelCodes) (out []byte) {
	for k, members := range classes(e, joined(channels)) {
		if len(members) == 0 {
			continue
		}
		part := w.class(e, k, members)
		out = append(append(out, uvarint(len(part))...), part...)
	}
	return out
}

// classes are the low bits of codes by what their base is.
func classes(e *profile.Edge, codes []int) (out [5][]int) {
	for _, c := range codes {
		k := min(max(c>>e.Refine, -2), 2) + 2
		out[k] = append(out[k], c&(1<<e.Refine-1))
	}
	return out
}

// class stores the low bits of a class.
func (w writer) class(e *profile.Edge, k int, members []int) []byte {
	plain := append([]byte{byte(e.Refine)}, planes(members, e.Refine)...)
	stream := append([]byte{coded}, newRANS().stream(classTile(w.p, e, k, members), len(members)).join()...)
	if w.classMode == coded || w.classMode == shorter && len(stream) < len(plain) {
		return stream
	}
	return plain
}

func classTile(p *profile.Profile, e *profile.Edge, k int, members []int) []ransPlane {
	models := e.Models[len(e.Models)-5:]
	return []ransPlane{{members, modelsOf(p, models[k:k+1]), 0}}
}
