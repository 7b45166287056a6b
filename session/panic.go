package session

import "github.com/dqa-go/dqa/internal/parallel"

// Panic is a panic that was caught, of this goroutine or of one that it waited for.
type Panic = parallel.Panic

// Catch runs f and returns its panic, or nil: front ends report a mistake of this module instead of ending by it.
func Catch(f func()) *Panic { return parallel.Catch(f) }
