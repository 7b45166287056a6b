package cli

import (
	"io"
	"os"

	"github.com/dqa-go/dqa/internal/text"
	"golang.org/x/term"
)

// StyleOf is the style of what is written to w: colours in a terminal, unless NO_COLOR is set (no-color.org).
func (a *App) StyleOf(w io.Writer) text.Style {
	return text.Style{Colours: IsTerminal(w) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
}

// IsTerminal tells whether w is one.
func IsTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// Width is that of the terminal that w is; 0 where it is none.
func Width(w io.Writer) int {
	if f, ok := w.(*os.File); ok {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil {
			return width
		}
	}
	return 0
}
