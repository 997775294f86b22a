package rest

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/flora-runtime/flora-runtime/pkg/op"
	"github.com/flora-runtime/flora-runtime/v8ops/endpoint"
)

// maxQuery is how long a text of a query may be, in characters.
const maxQuery = 1000

// queryText is an argument as it stands in a query; "" is left out.
func queryText(f endpoint.Field, raw json.RawMessage) (string, error) {
	v, err := fieldValue(f, raw)
	if err != nil {
		return "", err
	}
	switch v := v.(type) {
	case bool:
		if !v {
			return "", nil
		}
		return "true", nil
	case []string:
		return strings.Join(v, ","), nil
	case string:
		if n := utf8.RuneCountInString(v); n > maxQuery {
			return "", op.Invalid(f.Name, "it has %d characters; the limit is %d", n, maxQuery)
		}
		return v, nil
	default:
		return fmt.Sprint(v), nil
	}
}

// fieldValue is an argument as Discord takes it.
func fieldValue(f endpoint.Field, raw json.RawMessage) (any, error) {
	switch f.Kind {
	case op.ID:
		return readID(f.Name, raw)
	case op.IDs:
		return readIDs(f, raw)
	case op.Integer:
		return readInteger(f, raw)
	case op.Flag:
		var v bool
		err := op.DecodeValue(f.Name, raw, &v)
		return v, err
	case op.Bits:
		return readBits(f.Name, raw)
	default:
		var s string
		err := op.DecodeValue(f.Name, raw, &s)
		return s, err
	}
}

func readIDs(f endpoint.Field, raw json.RawMessage) ([]string, error) {
	var list []json.RawMessage
	if err := op.DecodeValue(f.Name, raw, &list); err != nil {
		return nil, err
	}
	if f.Max > 0 && (int64(len(list)) < f.Min || int64(len(list)) > f.Max) {
		return nil, op.Invalid(f.Name, "there are %d; give %d to %d", len(list), f.Min, f.Max)
	}
	out := make([]string, len(list))
	for i, e := range list {
		var err error
		if out[i], err = readID(f.Name, e); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func readInteger(f endpoint.Field, raw json.RawMessage) (int64, error) {
	var n int64
	if err := op.DecodeValue(f.Name, raw, &n); err != nil {
		return 0, err
	}
	if f.Min == 0 && f.Max == 0 {
		return n, nil
	}
	if f.Cap {
		n = min(n, f.Max)
	}
	if n < f.Min || n > f.Max {
		note := ""
		if f.Max == week {
			note = " (7 days)"
		}
		return 0, op.Invalid(f.Name, "it is %d; give %d to %d%s", n, f.Min, f.Max, note)
	}
	return n, nil
}

const week = 7 * 24 * 60 * 60

// readBits is a set of permissions, which Discord writes as a decimal string
// because it has more bits than a number of JavaScript.
func readBits(name string, raw json.RawMessage) (string, error) {
	text := string(raw)
	if text != "" && text[0] == '"' {
		if err := op.DecodeValue(name, raw, &text); err != nil {
			return "", err
		}
	}
	n, err := strconv.ParseUint(text, 10, 63)
	if err != nil {
		return "", op.Invalid(name, "expected permissions as a decimal string")
	}
	return strconv.FormatUint(n, 10), nil
}
