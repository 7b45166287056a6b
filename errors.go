package dqa

import "github.com/dqa-go/dqa/internal/wire"

// FormatError says in which section and at which byte a frame or a profile is wrong; it wraps one of the causes.
type FormatError = wire.Error

// Causes of a FormatError.
var (
	ErrTruncated = wire.ErrTruncated
	ErrMagic     = wire.ErrMagic
	ErrVersion   = wire.ErrVersion
	ErrChecksum  = wire.ErrChecksum
	ErrValue     = wire.ErrValue
	ErrLimit     = wire.ErrLimit
	ErrTrailing  = wire.ErrTrailing
	ErrProfile   = wire.ErrProfile
)
