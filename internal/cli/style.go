package cli

import (
	"io"
	"os"

	"golang.org/x/term"
)

// Style colours words in a terminal. Elsewhere, or with NO_COLOR set (no-color.org), it leaves them as they are.
type Style struct{ on bool }

// StyleOf is the style of what is written to w.
func (a *App) StyleOf(w io.Writer) Style {
	return Style{IsTerminal(w) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
}

// IsTerminal tells whether w is one.
func IsTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// Bad, Warn, Good and Strong render words, by ECMA-48's codes for "select graphic rendition".
func (s Style) Bad(text string) string    { return s.render("1;31", text) }
func (s Style) Warn(text string) string   { return s.render("33", text) }
func (s Style) Good(text string) string   { return s.render("32", text) }
func (s Style) Strong(text string) string { return s.render("1", text) }

func (s Style) render(code, text string) string {
	if !s.on {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
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
