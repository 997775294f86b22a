package supervisor_test

import (
	"strings"

	"github.com/flora-runtime/flora-runtime/pkg/supervisor"
	"github.com/flora-runtime/flora-runtime/pkg/wire"
)

// first is the id of the first script of a pool.
const first = supervisor.LoadID + 1

// lies are streams that no worker of ours writes, by what is wrong with them.
var lies = map[string][]byte{
	"garbage":              []byte("\xde\xad\xbe\xef\xde\xad\xbe\xef"),
	"an empty frame":       {0, 0, 0, 0},
	"4 GiB":                {0xff, 0xff, 0xff, 0xff, 1},
	"a byte too much":      {1, 0, 0, 2, 19},
	"an unknown type":      raw(99, "\x80"),
	"type 0":               raw(0, "\x80"),
	"no body":              raw(18, ""),
	"half a document":      raw(18, "\x85\x02"),
	"two documents":        raw(21, "\x82\x02\x60\x82\x02\x60"),
	"too many members":     raw(21, "\x83\x02\x60\x60"),
	"a map":                raw(21, "\xa1\x68Instance\x02"),
	"wrong kinds":          raw(21, "\x82\x60\x02"),
	"a negative id":        raw(21, "\x82\x20\x60"),
	"a float id":           raw(21, "\x82\xf9\x3c\x00\x60"),
	"a huge id":            raw(21, "\x82\xc2\x49\x01\x00\x00\x00\x00\x00\x00\x00\x00\x60"),
	"endless array":        raw(21, "\x9f\x02\x60\xff"),
	"endless text":         raw(21, "\x82\x02\x7f\x61a\x61b\xff"),
	"deep":                 raw(21, strings.Repeat("\x81", 100000)),
	"2^32 elements":        raw(21, "\x9a\xff\xff\xff\xff"),
	"2^64 bytes":           raw(18, "\x85\x02\x01\x00\x00\x5b\xff\xff\xff\xff\xff\xff\xff\xff"),
	"a tag":                raw(21, "\xc1\x82\x02\x60"),
	"text that is no text": raw(21, "\x82\x02\x61\xff"),
	"control's frame":      frame(wire.Unload{Instance: first}),
	"a hello":              frame(wire.Hello{Version: wire.Version}),
	"a second greeting":    frame(wire.Ready{Version: wire.Version}),
	"an op of nobody's":    frame(wire.OpCall{Instance: 1, Args: []byte("{}")}),
	"an op of another's":   frame(wire.OpCall{Instance: first + 1, Args: []byte("{}")}),
	"another's end":        frame(wire.Gone{Instance: first + 1}),
	"another's outcome":    frame(wire.Settled{Instance: first + 1, ID: 1}),
	"another's rest":       frame(wire.Rested{Instance: first + 1, ID: 1}),
	"control's question":   frame(wire.Rest{Instance: first, ID: 1}),
	"gone twice":           append(frame(wire.Gone{Instance: first}), frame(wire.Gone{Instance: first})...),
	"an op after the end":  append(frame(wire.Gone{Instance: first}), frame(wire.OpCall{Instance: first, Args: []byte("{}")})...),
	"a line after the end": append(frame(wire.Gone{Instance: first}), frame(wire.Log{Instance: first, Text: "x"})...),
}
