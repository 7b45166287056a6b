package text

// Style colours words, or leaves them as they are.
type Style struct{ Colours bool }

// Bad, Warn, Good and Strong render words, by ECMA-48's codes for "select graphic rendition".
func (s Style) Bad(text string) string    { return s.render("1;31", text) }
func (s Style) Warn(text string) string   { return s.render("33", text) }
func (s Style) Good(text string) string   { return s.render("32", text) }
func (s Style) Strong(text string) string { return s.render("1", text) }

func (s Style) render(code, text string) string {
	if !s.Colours {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}
