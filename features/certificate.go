package features

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"math"

	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/zarr"
)

// CodecName is what zarr.json calls the codec of chunks; its configuration is codecConfig.
const CodecName = "dqa"

// codecConfig holds all that a chunk needs to be decoded: a chunk is one frame (spec/frame.md) of this profile.
type codecConfig struct {
	Profile []byte `json:"profile"`        // base64 of the .dqap file
	Digest  string `json:"profile_sha256"` // of it
}

// Certificate says what a store holds and what storing did to it.
type Certificate struct {
	Tool      string `json:"tool"`
	Array     string `json:"array_sha256"`   // of the shape and of every object's values, see arrayDigest
	Profile   string `json:"profile_sha256"` // the store is read by this one alone
	Source    string `json:"source"`         // what the array was called
	Objective string `json:"objective"`      // what the profile was asked for
	Axes      Axes   `json:"axes"`
	// Quality is measured on rows that are held out (HeldOut): none of them taught the profile, whatever array it was made of.
	Quality
	StoredBits float64 `json:"stored_bits"` // per value, all of the store's objects
	NonFinite  int     `json:"non_finite"`  // values that were NaN (stored as 0) or infinite (as the outermost codes)
}

// certificateKey is the attribute of the array that holds the certificate.
const certificateKey = "dqa"

func (c *Certificate) attributes() (map[string]json.RawMessage, error) {
	b, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	return map[string]json.RawMessage{certificateKey: b}, nil
}

func newCodecConfig(p *profile.Profile) (zarr.Codec, error) {
	b, err := p.Encode()
	if err != nil {
		return zarr.Codec{}, err
	}
	digest := sha256.Sum256(b)
	c, err := json.Marshal(codecConfig{b, hex.EncodeToString(digest[:])})
	return zarr.Codec{Name: CodecName, Configuration: c}, err
}

// parseCodec reads the profile out of a store.
func parseCodec(c zarr.Codec) (*profile.Profile, error) {
	if c.Name != CodecName {
		return nil, fmt.Errorf("%w: its codec is %.40q", ErrStore, c.Name)
	}
	var config codecConfig
	if err := json.Unmarshal(c.Configuration, &config); err != nil {
		return nil, fmt.Errorf("%w: its codec: %w", ErrStore, err)
	}
	p, err := profile.Parse(config.Profile)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrStore, err)
	}
	if digest := p.Digest(); hex.EncodeToString(digest[:]) != config.Digest {
		return nil, fmt.Errorf("%w: its profile has the digest %x, not %.64s", ErrStore, digest, config.Digest)
	}
	return p, nil
}

// arrayDigest is the SHA-256 of the text "dqa array 1", the shape (u64 each, little-endian, their number first) and the
// SHA-256 of each object's rows as little-endian float32: objects can be hashed one by one.
type arrayDigest struct{ h hash.Hash }

func newArrayDigest(shape []int) arrayDigest {
	d := arrayDigest{sha256.New()}
	b := binary.LittleEndian.AppendUint64([]byte("dqa array 1"), uint64(len(shape)))
	for _, n := range shape {
		b = binary.LittleEndian.AppendUint64(b, uint64(n))
	}
	d.h.Write(b)
	return d
}

func (d arrayDigest) add(object [32]byte) { d.h.Write(object[:]) }

func (d arrayDigest) text() string { return hex.EncodeToString(d.h.Sum(nil)) }

// digestOf hashes values; buf is memory for it.
func digestOf(values []float32, buf []byte) ([32]byte, []byte) {
	h := sha256.New()
	for len(values) > 0 {
		n := min(len(values), 1<<14)
		buf = buf[:0]
		for _, v := range values[:n] {
			buf = binary.LittleEndian.AppendUint32(buf, math.Float32bits(v))
		}
		h.Write(buf)
		values = values[n:]
	}
	return [32]byte(h.Sum(nil)), buf
}
