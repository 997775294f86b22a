package spec

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// bodies sends what is not the JSON that the route takes.
func (w *walk) bodies(t *testing.T, in input) {
	t.Helper()
	send := func(why, kind, body string) {
		w.refused(t, attempt{why: why, method: in.method(), path: w.next(in), token: "Bearer " + w.token, kind: kind, body: body})
	}
	good := w.fill(in.good)
	for _, body := range []string{
		"{", "}", "[]", "null", "1", `"x"`, "nope", "{}{}", good + "x", good + good, "[" + good + "]", "\xef\xbb\xbf" + good, "{\"a\":\"\xff\"}", `{"a":"\ud800"}`,
		"\x00", "{\"a\":\"\x00\"}", `{"a":01}`, `{'a':1}`, `{"a":1,}`, strings.Repeat("[", 200_000), `{"a":` + strings.Repeat(`{"a":`, 10_000) + "1" + strings.Repeat("}", 10_001),
		strings.Replace(good, "{", `{"a":1,"a":2,`, 1), strings.Repeat(" ", 33<<20),
	} {
		send("syntax", jsonKind, body)
	}
	if !in.open {
		for _, kind := range []string{"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json; charset=utf-16", "json;;;"} {
			send("content type "+kind, kind, good)
		}
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal([]byte(good), &members); err != nil {
		t.Fatal(err)
	}
	for name, value := range members {
		for _, other := range []string{"7", "true", `"x"`, "[7]", `{"x":7}`, "1e999"} {
			if sameKind(value, []byte(other)) || name == "data" && other[0] == '{' {
				continue
			}
			changed := map[string]json.RawMessage{}
			for k, v := range members {
				changed[k] = v
			}
			changed[name] = json.RawMessage(other)
			send("type of "+name, jsonKind, encodeRaw(changed))
		}
		if !in.open && !in.optional {
			changed := map[string]json.RawMessage{}
			for k, v := range members {
				if k != name {
					changed[k] = v
				}
			}
			send("without "+name, jsonKind, encodeRaw(changed))
		}
	}
	for _, body := range in.wrong {
		send("value", jsonKind, w.fill(body))
	}
}

func sameKind(a, b []byte) bool {
	kind := func(v []byte) byte {
		if v[0] == '-' || v[0] >= '0' && v[0] <= '9' {
			return '0'
		}
		if v[0] == 't' || v[0] == 'f' {
			return 't'
		}
		return v[0]
	}
	return kind(a) == kind(b) && !bytes.Contains(b, []byte("e999"))
}

// encodeRaw writes members that need not be valid JSON.
func encodeRaw(members map[string]json.RawMessage) string {
	list := make([]string, 0, len(members))
	for k, v := range members {
		list = append(list, strconv.Quote(k)+":"+string(v))
	}
	slices.Sort(list)
	return "{" + strings.Join(list, ",") + "}"
}
