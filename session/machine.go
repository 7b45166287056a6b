//go:build !device

package session

import (
	"fmt"
	"os"
	"runtime"
	"strings"

	"github.com/dqa-go/dqa/doctor"
	"github.com/dqa-go/dqa/engine/ort"
	"github.com/dqa-go/dqa/internal/cpu"
)

func checkMachine() doctor.Check {
	memory := "memory unknown"
	if total, free, ok := systemMemory(); ok {
		memory = fmt.Sprintf("%.1f GiB of memory, %.1f GiB free", float64(total)/(1<<30), float64(free)/(1<<30))
	}
	machine := doctor.Check{Name: "machine", Status: doctor.OK,
		Finding: fmt.Sprintf("%s/%s, %d cores, instruction set %s, %s", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), cpu.ISA(), memory)}
	if cpu.ISA() == cpu.Generic {
		machine.Status = doctor.Warning
		machine.Finding += "; there are no kernels for this processor, the engine runs about 20 times slower than with AVX2"
		if os.Getenv("DQA_ISA") != "" {
			machine.Mend = "unset DQA_ISA"
		}
	}
	return machine
}

// checkLibraries tells of the second engine, which nobody needs.
func checkLibraries(ortLibrary string) doctor.Check {
	c := doctor.Check{Name: "libraries", Status: doctor.OK, Finding: "none needed: the engine is built in"}
	path, err := ort.FindLibrary(ortLibrary)
	switch {
	case !ort.Enabled:
		c.Finding += "; this binary was built without the second engine, ONNX Runtime (build tag ort)"
	case err != nil:
		c.Finding += "; for the second engine: " + ort.HowToGet
	default:
		c.Finding += "; ONNX Runtime found at " + path
	}
	return c
}

// systemMemory reads what Linux tells, in bytes; other systems are not asked.
func systemMemory() (total, free uint64, ok bool) {
	b, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0, 0, false
	}
	for line := range strings.Lines(string(b)) {
		var kib uint64
		if n, _ := fmt.Sscanf(line, "MemTotal: %d kB", &kib); n == 1 {
			total = kib << 10
		}
		if n, _ := fmt.Sscanf(line, "MemAvailable: %d kB", &kib); n == 1 {
			free = kib << 10
		}
	}
	return total, free, total > 0
}
