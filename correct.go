package dqa

import "github.com/dqa-go/dqa/profile"

// Correct is what the engine does to decoded values before their consumers read them, where the profile says so: rows
// that summed to 1 before quantizing (a Softmax) get back what they lack, in equal parts (METHOD section 4.3). It is no
// part of decoding: frames hold, and decoders restore, the values without it.
func Correct(e *profile.Edge, data []float32) { e.Correct(data) }
