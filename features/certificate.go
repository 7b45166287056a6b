package features

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"lukechampine.com/blake3"

	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/tensor"
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
	Array     string `json:"array_blake3"`   // of the shape and of every object's values, see arrayDigest
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

// parseCodec reads the profile out of a store, and its digest.
func parseCodec(c zarr.Codec) (p *profile.Profile, digest string, err error) {
	if c.Name != CodecName {
		return nil, "", fmt.Errorf("%w: its codec is %.40q", ErrStore, c.Name)
	}
	var config codecConfig
	if err := json.Unmarshal(c.Configuration, &config); err != nil {
		return nil, "", fmt.Errorf("%w: its codec: %w", ErrStore, err)
	}
	if sum := sha256.Sum256(config.Profile); hex.EncodeToString(sum[:]) != config.Digest {
		return nil, "", fmt.Errorf("%w: its profile has the digest %x, not %.64s", ErrStore, sum, config.Digest)
	}
	if p, err = profile.Parse(config.Profile); err != nil {
		return nil, "", fmt.Errorf("%w: %w", ErrStore, err)
	}
	return p, config.Digest, nil
}

// arrayDigest is the BLAKE3 of the text "dqa array 1", the shape (u64 each, little-endian, their number first) and the BLAKE3 of
// each object's rows as little-endian float32: objects can be hashed one by one. SHA-256 would take longer than all the rest where
// processors have no instructions for it.
type arrayDigest struct{ h *blake3.Hasher }

func newArrayDigest(shape []int) arrayDigest {
	d := arrayDigest{blake3.New(32, nil)}
	b := binary.LittleEndian.AppendUint64([]byte("dqa array 1"), uint64(len(shape)))
	for _, n := range shape {
		b = binary.LittleEndian.AppendUint64(b, uint64(n))
	}
	_, _ = d.h.Write(b)
	return d
}

func (d arrayDigest) add(object [32]byte) { _, _ = d.h.Write(object[:]) }

func (d arrayDigest) text() string { return hex.EncodeToString(d.h.Sum(nil)) }

// digestOf hashes values.
func digestOf(values []float32) [32]byte { return blake3.Sum256(tensor.Bytes(values, nil)) }
