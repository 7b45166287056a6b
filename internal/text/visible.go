package text

import (
	"reflect"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Names come from foreign files. What would move a terminal's cursor, colour it or end a line is shown as Go writes it in
// strings; JSON has its own rules.

// Visible is s with control characters and other invisible ones spelled out.
func Visible(s string) string {
	if strings.IndexFunc(s, hidden) < 0 && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], string(utf8.RuneError)):
			b.WriteString(escaped(rune(s[i]), 2, 'x'))
		case !hidden(r):
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r < 0x100:
			b.WriteString(escaped(r, 2, 'x'))
		case r < 0x10000:
			b.WriteString(escaped(r, 4, 'u'))
		default:
			b.WriteString(escaped(r, 8, 'U'))
		}
	}
	return b.String()
}

// hidden runes do not show as themselves.
func hidden(r rune) bool { return !unicode.IsPrint(r) }

func escaped(r rune, digits int, letter byte) string {
	b := make([]byte, 2+digits)
	b[0], b[1] = '\\', letter
	for i := len(b) - 1; i > 1; i-- {
		b[i] = "0123456789abcdef"[r&15]
		r >>= 4
	}
	return string(b)
}

// AllVisible is a copy of v, in which every string that can be reached is visible.
func AllVisible[T any](v T) T {
	return visibleValue(reflect.ValueOf(&v).Elem()).Interface().(T)
}

func visibleValue(v reflect.Value) reflect.Value {
	out := reflect.New(v.Type()).Elem()
	switch v.Kind() {
	case reflect.String:
		out.SetString(Visible(v.String()))
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return v
		}
		c := visibleValue(v.Elem())
		if v.Kind() == reflect.Interface {
			out.Set(c)
			return out
		}
		out.Set(reflect.New(c.Type()))
		out.Elem().Set(c)
	case reflect.Struct:
		out.Set(v)
		for i := range v.NumField() {
			if out.Field(i).CanSet() {
				out.Field(i).Set(visibleValue(v.Field(i)))
			}
		}
	case reflect.Slice:
		if v.IsNil() {
			return v
		}
		out.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
		for i := range v.Len() {
			out.Index(i).Set(visibleValue(v.Index(i)))
		}
	case reflect.Map:
		if v.IsNil() {
			return v
		}
		out.Set(reflect.MakeMap(v.Type()))
		for _, k := range v.MapKeys() {
			out.SetMapIndex(visibleValue(k), visibleValue(v.MapIndex(k)))
		}
	default:
		return v
	}
	return out
}

// OneLine is s without line breaks and with what is hidden spelled out.
func OneLine(s string) string { return Visible(strings.Join(strings.Fields(s), " ")) }
