package secret

import (
	"encoding/json"
	"strings"
)

// How a value is written where it stands, so that the server reads the value
// itself, and nothing in it can become more than a value.

// Plain is the value as it is.
func Plain(text string) string { return text }

// Characters that need no escape beside letters and digits. A value may be
// several segments of a path, so "/" stays there.
const (
	unreserved = "-._~"
	inPath     = unreserved + "!$&'()*+,;=:@/"
	inQuery    = unreserved + "!$'()*,;:@/"
)

// InPath writes a value in the path of a URL.
func InPath(text string) string { return escape(text, inPath) }

// InQuery writes a value in the query of a URL.
func InQuery(text string) string { return escape(text, inQuery) }

// InForm writes a value in a urlencoded form.
func InForm(text string) string { return escape(text, unreserved) }

func escape(text, safe string) string {
	const digits = "0123456789ABCDEF"
	var out strings.Builder
	for i := range len(text) {
		c := text[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte(safe, c) >= 0 {
			out.WriteByte(c)
			continue
		}
		out.WriteByte('%')
		out.WriteByte(digits[c>>4])
		out.WriteByte(digits[c&15])
	}
	return out.String()
}

// InJSON writes a value inside a string of JSON.
func InJSON(text string) string {
	var out strings.Builder
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	_ = e.Encode(text) // A string always encodes.
	return strings.TrimSuffix(strings.TrimPrefix(strings.TrimSuffix(out.String(), "\n"), `"`), `"`)
}
