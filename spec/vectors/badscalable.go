package main

import (
	"slices"

	"github.com/dqa-go/dqa/profile"
)

// badScalable are frames whose refinements are wrong outside of payloads.
func badScalable(f container) []broken {
	at := func(field string) int { return len(f.before(field)) }
	whole := f.bytes()
	base := f[:f.index("refinement0 tiles")]
	return []broken{
		{"refinements-not-announced", causeHeader,
			"the header announces no refinement and none follows, the profile has two", base.with("header refinements",
				u32(0)...).bytes()},
		{"refinements-one-announced", causeHeader, "the header announces one refinement, which follows, the profile has two",
			f[:f.index("refinement1 tiles")].with("header refinements", u32(1)...).bytes()},
		{"refinements-three", causeHeader, "the frame has three refinements, the profile two",
			slices.Concat(f, renamed(f[f.index("refinement1 tiles"):], "refinement1", "refinement2")).
				with("header refinements", u32(3)...).bytes()},
		{"refinements-base-size-of-all", causeHeader, "the base size counts refinements, too",
			f.with("header base", u32(uint32(len(whole)))...).bytes()},
		{"refinements-tiles-one-more", causeHeader,
			"a refinement has a tile, an empty one, that the edge's geometry does not give", f.with("refinement1 tiles",
				2).behind("refinement1 length0", 0).behind("refinement1 tile0 crc", u32(crc(nil))...).bytes()},
		{"refinements-tiles-one-less", causeHeader, "a refinement has no tile",
			f[:f.index("refinement1 tile0 payload")].with("refinement1 tiles", 0).with("refinement1 length0").bytes()},
		{"refinements-padded-uvarint", causeHeader, "a refinement's number of tiles takes two bytes where one suffices",
			f.with("refinement0 tiles", 0x82, 0).bytes()},
		{"refinements-cut-between", causeHeader, "the frame ends between refinements", whole[:at("refinement1 tiles")]},
		{"refinements-cut-in-record", causeHeader, "the frame ends within a refinement's record",
			whole[:at("refinement0 length1")]},
		{"refinements-cut-in-tile", causeHeader, "the frame ends within a refinement's tile",
			whole[:at("refinement0 tile1 payload")+2]},
		{"refinements-cut-last-byte", causeHeader, "the frame ends before the last byte of a refinement",
			whole[:len(whole)-1]},
		{"refinements-base-cut", causeHeader, "the frame ends one byte before its base size", whole[:cutAt(whole)-1]},
		{"refinements-trailing-byte", causeHeader, "a byte follows the last refinement", append(slices.Clone(whole), 0)},
		{"refinements-trailing-byte-behind-base", causeHeader, "a byte follows where the frame was cut",
			append(slices.Clone(whole[:cutAt(whole)]), 2)},
		{"refinement-record-crc", causeChecksum, "a bit of a refinement's checksum is turned over",
			f.flipped("refinement0 crc", 2, 0x20).bytes()},
		{"refinement-tile-crc", causeChecksum, "a bit of the checksum of a refinement's tile is turned over",
			f.flipped("refinement1 tile0 crc", 0, 1).bytes()},
		{"refinement-tile-flipped", causeChecksum, "a bit of a refinement's tile is turned over",
			f.flipped("refinement0 tile0 payload", 0, 0x10).bytes()},
	}
}

// otherProfiles are frames that were made with another profile.
func otherProfiles(s *set) {
	p, f := plainFrame()
	digest := f.get("header digest")
	for i, at := range []int{0, 7, 15} {
		b := slices.Clone(digest)
		b[at] ^= 1
		s.refused(numbered("digest-bit-", i), causeProfile, "a bit of the profile's digest is another one",
			p, f.with("header digest", b...).bytes())
	}
	twin := *p
	twin.Seed++
	other := profileFile(&twin).bytes()
	s.refused("digest-of-twin", causeProfile, "the frame was made with a profile that differs in its seed only", p,
		frameOf(other, p).bytes())
	one := *p
	one.Edges = slices.Clone(p.Edges)
	one.Edges[1].Name = "c"
	s.refused("digest-of-renamed-edge", causeProfile,
		"the frame was made with a profile in which an edge has another name", p,
		frameOf(profileFile(&one).bytes(), p).bytes())
}

// frameOf is p's sample frame with the digest of another profile.
func frameOf(other []byte, p *profile.Profile) container {
	return newWriter(p).frame(sampleImages(p)).with("header digest", frameFile(other, nil, nil).get("header digest")...)
}
