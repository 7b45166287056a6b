package main

import (
	"io"
	"os"

	"golang.org/x/term"
)

// style colours words in a terminal. Elsewhere, or with NO_COLOR set (no-color.org), it leaves them as they are.
type style struct{ on bool }

func (a *app) styleOf(w io.Writer) style {
	return style{isTerminal(w) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
}

func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// The codes of ECMA-48, "select graphic rendition".
func (s style) bad(text string) string    { return s.render("1;31", text) }
func (s style) warn(text string) string   { return s.render("33", text) }
func (s style) good(text string) string   { return s.render("32", text) }
func (s style) strong(text string) string { return s.render("1", text) }

func (s style) render(code, text string) string {
	if !s.on {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}
