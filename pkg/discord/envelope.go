package discord

import (
	"errors"

	"github.com/flora-runtime/flora-runtime/pkg/discord/internal/jsonscan"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// envelope is a gateway payload of which only the outside was read. Its slices
// point into the payload.
type envelope struct {
	op  int
	seq int64
	typ []byte // "t", without quotes.
	d   []byte // Not checked when it came last; see scanEnvelope.
}

var errEnvelope = errors.New("the gateway sent a payload that is no JSON object with an op")

// scanEnvelope finds op, s, t and d. Discord writes d last: then the rest of
// the payload is taken for d unread, so that an event that nobody wants costs
// the same whatever its size. Who uses d must expect it to be malformed.
func scanEnvelope(b []byte) (envelope, error) {
	e := envelope{op: -1}
	var seq, typ bool
	i := jsonscan.Space(b, 0)
	if i >= len(b) || b[i] != '{' {
		return e, errEnvelope
	}
	for {
		i = jsonscan.Space(b, i+1)
		if i >= len(b) || b[i] != '"' {
			return e, errEnvelope
		}
		start := i + 1
		if i = jsonscan.SkipString(b, i); i < 0 {
			return e, errEnvelope
		}
		key := b[start : i-1]
		if i = jsonscan.Space(b, i); i >= len(b) || b[i] != ':' {
			return e, errEnvelope
		}
		i = jsonscan.Space(b, i+1)
		if string(key) == "d" && seq && typ && e.op >= 0 {
			e.d = rest(b[i:])
			return e, nil
		}
		value := i
		if i = jsonscan.Skip(b, i); i < 0 {
			return e, errEnvelope
		}
		switch string(key) {
		case "op":
			e.op = int(jsonscan.Int(b[value:i]))
		case "s":
			e.seq, seq = jsonscan.Int(b[value:i]), true
		case "t":
			typ = true
			if b[value] == '"' {
				e.typ = b[value+1 : i-1]
			}
		case "d":
			e.d = b[value:i]
		}
		if i = jsonscan.Space(b, i); i >= len(b) || b[i] != ',' {
			break
		}
	}
	if i >= len(b) || b[i] != '}' || jsonscan.Space(b, i+1) != len(b) || e.op < 0 {
		return e, errEnvelope
	}
	return e, nil
}

// rest is b without the brace that closes the envelope, if there is one.
func rest(b []byte) []byte {
	n := len(b)
	for n > 0 && (b[n-1] == ' ' || b[n-1] == '\n' || b[n-1] == '\r' || b[n-1] == '\t') {
		n--
	}
	if n > 0 && b[n-1] == '}' {
		n--
	}
	return b[:n]
}

// inspect reads the data of a dispatch: it gives the guild that it belongs to by
// the member of that name, or zero, and the data without what may follow it in
// the envelope. It is false for data that is no well-formed object.
func inspect(member string, d []byte) (snowflake.GuildID, []byte, bool) {
	var guild snowflake.GuildID
	end := jsonscan.Object(d, func(key, value []byte) bool {
		if string(key) == member {
			guild = snowflake.GuildID(jsonscan.ID(value))
		}
		return true
	})
	if end < 0 {
		return 0, nil, false
	}
	return guild, d[:end], true
}
