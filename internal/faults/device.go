//go:build device

package faults

import "github.com/dqa-go/dqa/internal/cli"

// features: a device has no stores of features.
var features []cli.Fault
