package session

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/internal/cpu"
	"github.com/dqa-go/dqa/profile"
)

// About is what this program is.
type About struct {
	FrameFormat   int    `json:"frame_format"`
	Go            string `json:"go"`
	ISA           string `json:"isa"` // instruction set of the kernels
	Platform      string `json:"platform"`
	ProfileFormat int    `json:"profile_format"`
	Revision      string `json:"revision"`
	Version       string `json:"version"`
}

// NewAbout asks Go and the processor.
func NewAbout() About {
	return About{
		FrameFormat: dqa.FrameVersion, Go: runtime.Version(), ISA: cpu.ISA(), Platform: runtime.GOOS + "/" + runtime.GOARCH,
		ProfileFormat: profile.Version, Revision: revision(), Version: Version,
	}
}

// WriteText writes it as people read it.
func (v About) WriteText(w io.Writer) error {
	_, err := fmt.Fprintf(w, "dqa %s (%s, %s, %s, %s)\nprofile format %d, frame format %d\n",
		v.Version, v.Revision, v.Go, v.Platform, v.ISA, v.ProfileFormat, v.FrameFormat)
	return err
}

// revision is the commit that the binary was built from, as far as Go knows.
func revision() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown revision"
	}
	rev := "unknown revision"
	modified := ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			rev = s.Value[:min(12, len(s.Value))]
		case s.Key == "vcs.modified" && s.Value == "true":
			modified = "+changes"
		}
	}
	return rev + modified
}

// PeakResident is the most memory of this process that was resident at a time, in bytes; 0 where that is not known.
func PeakResident() int64 { return cpu.PeakResident() }
