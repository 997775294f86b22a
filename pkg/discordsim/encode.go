package discordsim

import (
	"bytes"
	"encoding/json"
	"sync"
)

var encodeBuffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// encodeJSON is json.Marshal without the escaping of <, > and &, which Discord
// does not do.
func encodeJSON(v any) ([]byte, error) {
	buf, ok := encodeBuffers.Get().(*bytes.Buffer)
	if !ok {
		buf = new(bytes.Buffer)
	}
	defer encodeBuffers.Put(buf)
	buf.Reset()
	e := json.NewEncoder(buf)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.Clone(buf.Bytes()[:buf.Len()-1]), nil
}

// sent reports whether an optional JSON value was given, null being nothing.
func sent(raw json.RawMessage) bool { return len(raw) > 0 && string(raw) != "null" }

// mustEncode encodes what cannot fail: documents of the simulated world.
func mustEncode(v any) []byte {
	if m, ok := v.(*message); ok {
		return appendMessage(make([]byte, 0, m.roughSize()), m, nil)
	}
	b, err := encodeJSON(v)
	if err != nil {
		panic("discordsim: a document of the world does not encode: " + err.Error())
	}
	return b
}
