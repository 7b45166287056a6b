package main

import (
	"math"
	"strings"
)

// shapeChanges are those of an edge's size.
func shapeChanges() []change {
	var list []change
	add := func(cause, field, name, what string, b ...byte) {
		list = append(list, change{rawEdge + field, "edge-" + name, cause, what, b})
	}
	for _, field := range []string{"channels", "rows", "columns", "tile channels", "tile rows"} {
		add(causeHeader, field, strings.ReplaceAll(field, " ", "-")+"-0", field+" are 0", 0)
	}
	add(causeHeader, "tile channels", "tile-channels-4", "a tile has 4 channels, the edge 3", 4)
	add(causeHeader, "tile rows", "tile-rows-3", "a tile has 3 rows, the edge 2", 3)
	add(causeLimit, "channels", "channels-above-limit", "2^20 + 1 channels", uvarint(1<<20+1)...)
	add(causeLimit, "columns", "values-above-limit", "2^28 columns in 3 channels: more than 2^28 values",
		uvarint(1<<28)...)
	add(causeLimit, "rows", "values-just-above-limit",
		"17,895,698 rows of 5 columns in 3 channels: 14 values more than 2^28", uvarint(17895698)...)
	add(causeLimit, "rows", "values-overflow", "2^60 rows of 5 columns in 3 channels", uvarint[uint64](1<<60)...)
	add(causeLimit, "name", "name-long", "the name has 4,097 bytes", text(strings.Repeat("x", 4097))...)
	add(causeHeader, "channels", "channels-padded-uvarint", "the number of channels takes two bytes where one suffices",
		0x83, 0)
	list = append(list,
		change{"edges count", "edges-above-limit", causeLimit, "65,537 edges are announced", uvarint(65537)},
		change{"edges count", "edges-left", causeHeader, "six edges are announced, there are seven", uvarint(6)})
	return list
}

// numberChanges are those of an edge's other numbers.
func numberChanges() []change {
	var list []change
	add := func(field, name, what string, b ...byte) {
		list = append(list, change{field, "edge-" + name, causeHeader, what, b})
	}
	for bit := 5; bit < 8; bit++ {
		add(rawEdge+"flags", numbered("flag-", bit), "an unused bit of the flags is set", 1<<bit)
	}
	add(rawEdge+"flags", "unsigned-two-sided", "unsigned codes on a two-sided edge", 4)
	add(rawEdge+"n", "n-1", "n is 1", 1)
	add(rawEdge+"n", "n-9", "n is 9", 9)
	add(rawEdge+"m", "m-5", "m is 5", 5)
	add(noisyEdge+"scale mode", "scale-mode-4", "scale mode 4", 4)
	add(rawEdge+"level map", "level-map-3", "level map 3", 3)
	add(rawEdge+"coder", "coder-5", "coder 5", 5)
	add(rawEdge+"important", "important-padding", "an unused bit of the important channels is set", 0x0a)
	for _, f := range badFloats {
		add(smallestEdge+"step1", "step-"+f.name, "a step is "+f.name, f32(f.v)...)
	}
	add(smallEdge+"clip1", "clip-0", "a clipping ratio is 0", f32(0)...)
	add(smallEdge+"clip1", "clip-above-1", "a clipping ratio is the number after 1", f32(math.Nextafter32(1, 2))...)
	add(smallEdge+"clip0", "clip-negative", "a clipping ratio is negative", f32(-.5)...)
	add(smallEdge+"clip2", "clip-nan", "a clipping ratio is not a number", f32(float32(math.NaN()))...)
	add(noisyEdge+"amplitude", "amplitude-negative", "the amplitude of noise is negative", f32(-.5)...)
	add(noisyEdge+"amplitude", "amplitude-above-1", "the amplitude of noise is the number after 1",
		f32(math.Nextafter32(1, 2))...)
	add(noisyEdge+"amplitude", "amplitude-nan", "the amplitude of noise is not a number", f32(float32(math.NaN()))...)
	return list
}

// coderChanges are those of what coders need.
func coderChanges(f container) []change {
	var list []change
	add := func(field, name, what string, b ...byte) {
		list = append(list, change{field, "edge-" + name, causeHeader, what, b})
	}
	add(paperEdge+"table", "table-0", "a symbol of a table has no word, the others make a complete code",
		nibbles([]uint8{0, 1, 2, 3, 4, 5, 6, 6})...)
	add(paperEdge+"table", "table-open", "a table's words make no complete code, there is room for one more",
		nibbles([]uint8{1, 3, 3, 4, 4, 4, 5, 6})...)
	add(paperEdge+"table", "table-crowded", "a table has more words than there is room for",
		nibbles([]uint8{1, 3, 3, 4, 4, 4, 4, 5})...)
	add(signedEdge+"center", "center-high", "the center is 8, codes go up to 7", 8)
	add(signedEdge+"center", "center-low", "the center is -9, codes go down to -8", 0xf7)
	add(fastEdge+"center", "center-unsigned", "the center of unsigned codes is 1", 1)
	for _, g := range []byte{0, 1, 3, 8} {
		add(signedEdge+"group", numbered("group-", int(g)), numbered("groups of ", int(g)), g)
	}
	add(fastEdge+"low bits", "low-bits-8", "8 low bits", 8)
	add(fastEdge+"low bits", "low-bits-7",
		"with 7 low bits and S = 2 there are words for rests up to 255, the greatest is 252", 7)
	lengths := func(name, what string, lengths ...uint8) {
		add(fastEdge+"lengths", "prefix-"+name, what, nibbles(lengths)...)
	}
	lengths("length-0", "a symbol has no word, the others make a complete code",
		0, 1, 3, 3, 3, 6, 6, 6, 6, 6, 7, 7, 7, 7, 7, 7)
	lengths("length-8", "symbols have words of 8 bits", 1, 2, 3, 4, 7, 7, 7, 7, 8, 8, 8, 8, 8, 8, 8, 8)
	lengths("open", "the words of symbols make no complete code", 2, 3, 3, 3, 6, 6, 6, 6, 7, 7, 7, 7, 7, 7, 7, 7)
	lengths("crowded", "the words of symbols are more than there is room for",
		1, 3, 3, 3, 6, 6, 6, 6, 7, 7, 7, 7, 7, 7, 7, 6)
	list = append(list, wordChanges()...)
	return append(list, numberOfModelChanges(f)...)
}

// wordChanges are those of the words of high parts; the edge has groups of 2 or 4 and few low bits.
func wordChanges() []change {
	var list []change
	add := func(name, what string, b ...byte) {
		list = append(list, change{fastEdge + "words", "edge-" + name, causeHeader, what, b})
	}
	add("words-open", "the words of high parts make no complete code", 1, 1, 0, 0, 0, 0, 0)
	add("words-crowded", "the words of high parts are more than there is room for", 1, 3, 0, 0, 0, 0, 0)
	add("words-one", "there is one word of one bit for high parts", 1, 0, 0, 0, 0, 0, 0)
	add("words-three-of-one", "there are three words of one bit for high parts", 3, 0, 0, 0, 0, 0, 0)
	add("words-65", "there are 65 words for high parts, so that S is 64", 0, 0, 0, 0, 0, 63, 2)
	return list
}

// numberOfModelChanges are those of the numbers of models that edges have.
func numberOfModelChanges(f container) []change {
	count := f.get("models count")[0]
	replaced := func(edge string, at int, k byte) []byte {
		b := append([]byte(nil), f.get(edge+"models")...)
		b[at] = k
		return b
	}
	wide := f.get(smallEdge + "models")[1] // of the important channel
	class := f.get(smallestEdge + "models")[20]
	var list []change
	add := func(edge, name, what string, b []byte) {
		list = append(list, change{edge + "models", "edge-" + name, causeHeader, what, b})
	}
	add(smallEdge, "model-beyond", "a channel has a model that there is not", replaced(smallEdge, 0, count))
	add(smallEdge, "model-255", "a channel has model 255", replaced(smallEdge, 2, 255))
	add(smallEdge, "model-alphabet", "an unimportant channel has the model of an important one",
		replaced(smallEdge, 0, wide))
	add(smallestEdge, "context-model-beyond", "a context has a model that there is not", replaced(smallestEdge, 15, count))
	add(smallestEdge, "context-model-alphabet", "a context has the model of a class of low bits",
		replaced(smallestEdge, 3, class))
	add(smallestEdge, "class-model-beyond", "a class of low bits has a model that there is not",
		replaced(smallestEdge, 18, count))
	add(smallestEdge, "class-model-alphabet", "a class of low bits has the model of a context",
		replaced(smallestEdge, 16, f.get(smallestEdge + "models")[0]))
	return list
}

// modelChanges are those of the section models. The model is used by a channel of 3 bits.
func modelChanges(f container) []change {
	var list []change
	k := int(f.get(smallEdge + "models")[0])
	add := func(cause, name, what string, b []byte) {
		list = append(list, change{numbered("models model", k), "model-" + name, cause, what, b})
	}
	add(causeHeader, "first-0", "the first frequency of a model is 0", modelFields(8, 2, 0, 100, 50))
	add(causeHeader, "last-0", "the last frequency of a model is 0", modelFields(8, 2, 100, 50, 0))
	add(causeHeader, "empty-first", "a model without frequencies has first symbol 1", modelFields(8, 1))
	add(causeHeader, "no-escape", "the frequencies of a model sum to 4,096, so that the escape has none",
		modelFields(8, 3, 96, 4000))
	add(causeHeader, "sum", "the frequencies of a model sum to 4,097", modelFields(8, 3, 97, 4000))
	add(causeHeader, "frequency-4097", "a frequency is 4,097", modelFields(8, 3, 4097))
	add(causeHeader, "more-than-symbols", "a model of 8 symbols has frequencies of symbols 6 to 8",
		modelFields(8, 6, 100, 100, 100))
	add(causeHeader, "first-beyond", "a model of 8 symbols has first symbol 9", modelFields(8, 9))
	add(causeHeader, "padded-uvarint", "a frequency takes two bytes where one suffices",
		append(modelFields(8, 3)[:2], 1, 0xe4, 0))
	return append(list, change{"models count", "models-left", causeHeader, "there is a model more than announced",
		[]byte{f.get("models count")[0] - 1}})
}
