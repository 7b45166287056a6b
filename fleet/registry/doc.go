// Package registry keeps models, profiles and programs as signed targets (The Update Framework, specification 1.0.31,
// https://theupdateframework.github.io/specification/v1.0.31/), so that a device loads nothing but what the holders of the right keys
// have released, the newest of it, and what it can read. Signatures, versions, expiry and rollback are checked by go-tuf; here is where
// things lie, what a target says of itself, the order of an update and of a release, and keys.
//
// A Store holds
//
//	metadata/N.root.json, metadata/N.targets.json, metadata/N.SITE.json, metadata/N.snapshot.json, metadata/timestamp.json
//	staged/N.ROLE.json     waits for signatures
//	targets/DIGEST         the files, by their SHA-256
//
// and is trusted with nothing. Four roles sign: root says whose keys count, targets what is released (and which paths a site's own keys
// may release), snapshot which versions belong together, timestamp which snapshot is the newest. A target's name is KIND/NAME, or
// sites/SITE/KIND/NAME for what a site's keys have signed.
package registry

import (
	"errors"
	"time"
)

// Errors.
var (
	ErrMissing    = errors.New("not in the registry")
	ErrTooLarge   = errors.New("larger than allowed")
	ErrStore      = errors.New("the registry cannot be read or written")
	ErrUntrusted  = errors.New("refused: not signed as it must be")     // signatures, digests, lengths, what is no metadata
	ErrRollback   = errors.New("refused: older than what was seen")     // versions that go back
	ErrMixed      = errors.New("refused: parts of different releases")  // versions that do not belong together
	ErrExpired    = errors.New("refused: expired")                      // metadata that nobody has renewed
	ErrSlow       = errors.New("refused: the registry is too slow")     // slower than Options.MinRate
	ErrForeign    = errors.New("refused: of another site or model")     // signed, but not for this device
	ErrUnreadable = errors.New("refused: in a format unknown here")     // signed, for readers of other versions
	ErrKeys       = errors.New("keys are missing or not understood")    // of a repository's owner
	ErrRequest    = errors.New("this cannot be released or changed so") // wrong use of a Repository
)

// Limits of what is received, in bytes.
const (
	maxRoot      = 512 << 10
	maxTimestamp = 16 << 10
	maxSnapshot  = 2 << 20
	maxTargets   = 5 << 20
	maxRotations = 256 // roots that are read at once; the next update goes on
	maxCustom    = 4 << 10

	// DefaultMaxTarget is the largest file that is fetched.
	DefaultMaxTarget = 2 << 30
)

// A store must send faster than this, beside a time to begin with.
const (
	DefaultMinRate  = 4 << 10 // bytes a second
	DefaultPatience = 30 * time.Second
)
