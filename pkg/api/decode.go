package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"os"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
)

// body reads the request's JSON object into the struct. Members are matched by
// their exact json tag; one without "omitempty" is required, null counts as
// absent, and members that the struct does not have are ignored.
func (c *call) body(into any) error {
	kind, params, err := mime.ParseMediaType(c.Request().Header.Get("Content-Type"))
	if charset := params["charset"]; err != nil || kind != "application/json" || charset != "" && !strings.EqualFold(charset, "utf-8") {
		return fault.New(fault.UnsupportedType, "the body must be JSON; send the header Content-Type: application/json")
	}
	raw, err := c.read()
	if err != nil {
		return err
	}
	members, err := parse(raw)
	if err != nil {
		return err
	}
	v := reflect.ValueOf(into).Elem()
	for i := range v.NumField() {
		name, options, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		member, given := members[name]
		if !given || string(member) == "null" {
			if options != "omitempty" {
				return fault.New(fault.Unprocessable, "missing field %q", name)
			}
			continue
		}
		if err := json.Unmarshal(member, v.Field(i).Addr().Interface()); err != nil {
			return wrongType(name, err)
		}
	}
	return nil
}

// read takes the body in, within the route's size and the time that expect
// gave it.
func (c *call) read() ([]byte, error) {
	limit := c.route.body
	if c.Request().ContentLength > limit {
		return nil, tooLarge(limit)
	}
	raw := bytes.NewBuffer(make([]byte, 0, max(c.Request().ContentLength, 0)+bytes.MinRead))
	if _, err := raw.ReadFrom(http.MaxBytesReader(c.Response(), c.Request().Body, limit)); err != nil {
		return nil, c.notRead(err)
	}
	c.bodyDone()
	return raw.Bytes(), nil
}

func tooLarge(limit int64) error {
	return fault.New(fault.TooLarge, "the body is larger than %d bytes", limit)
}

// bodyDone notes that the body was read to its end.
func (c *call) bodyDone() {
	c.Set(bodyRead, true)
	// The connection watches for the client's end from now on; an old deadline
	// would look like it.
	_ = http.NewResponseController(c.Response()).SetReadDeadline(time.Time{})
}

// notRead says why a body could not be read.
func (c *call) notRead(err error) error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return tooLarge(c.route.body)
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return fault.Wrap(err, fault.RequestTimeout, "the body did not arrive within %s", c.api.cfg.Limits.BodyTime)
	}
	return fault.Wrap(err, fault.BadRequest, "Bad request: the body ended early")
}

// bodyRead is set in a context once the body is read to its end.
const bodyRead = "body read"

// expect bounds the time that a body takes to arrive, and an answer to be taken
// where no route says otherwise. The server reads the rest of a body that nobody
// wanted, so this holds for refused requests too.
func (a *API) expect(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		a.bound(c)
		return next(c)
	}
}

func (a *API) bound(c echo.Context) {
	rc := http.NewResponseController(c.Response())
	_ = rc.SetWriteDeadline(time.Now().Add(a.cfg.Limits.BodyTime + a.cfg.Limits.AnswerTime))
	if c.Request().ContentLength != 0 {
		_ = rc.SetReadDeadline(time.Now().Add(a.cfg.Limits.BodyTime))
	}
}

func wrongType(name string, err error) error {
	te, ok := errors.AsType[*json.UnmarshalTypeError](err)
	if !ok {
		return fault.Wrap(err, fault.Unprocessable, "field %q has a wrong value", name)
	}
	if te.Field != "" {
		name += "." + te.Field
	}
	return fault.New(fault.Unprocessable, "field %q: expected %s, got %s", name, wanted(te.Type), te.Value)
}

func wanted(t reflect.Type) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Slice:
		return "an array"
	case reflect.Struct:
		return "an object"
	case reflect.Int64:
		return "an integer"
	default:
		return "another type"
	}
}

// maxDepth bounds how deep arrays and objects may sit in each other, and
// maxMembers what one of them may have: what is few bytes in a text can be many
// in memory.
const (
	maxDepth   = 64
	maxMembers = 10_000
)

// parse checks a JSON object as a whole and gives its members. What parsers
// read differently is refused: members that are there twice, data after the
// end, broken Unicode.
func parse(raw []byte) (map[string]json.RawMessage, error) {
	bad := func(why string) error {
		return fault.New(fault.BadRequest, "Bad request: the body is no valid JSON: %s", why)
	}
	if !utf8.Valid(raw) {
		return nil, bad("it is not UTF-8")
	}
	if why := tooMuch(raw); why != "" {
		return nil, fault.New(fault.BadRequest, "Bad request: the JSON %s", why)
	}
	if !json.Valid(raw) {
		var v any
		return nil, bad(syntaxError(json.Unmarshal(raw, &v)))
	}
	if raw = bytes.TrimSpace(raw); raw[0] != '{' {
		return nil, fault.New(fault.Unprocessable, "the body must be a JSON object")
	}
	if why := unclear(raw); why != "" {
		return nil, bad(why)
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		return nil, bad(err.Error())
	}
	return members, nil
}

func syntaxError(err error) string {
	if err == nil {
		return "it cannot be read"
	}
	return err.Error()
}

// tooMuch says what of a text, which need not be JSON, would be too much of it.
func tooMuch(raw []byte) string {
	var commas [maxDepth + 1]int // By depth.
	depth := 0
	for i := 0; i < len(raw); i++ {
		switch raw[i] {
		case '"':
			i = endOfString(raw, i)
		case '{', '[':
			if depth++; depth > maxDepth {
				return fmt.Sprintf("is nested more than %d levels deep", maxDepth)
			}
			commas[depth] = 0
		case '}', ']':
			depth = max(depth-1, 0)
		case ',':
			if commas[depth]++; commas[depth] >= maxMembers {
				return fmt.Sprintf("has an array or object of more than %d members", maxMembers)
			}
		}
	}
	return ""
}

// endOfString is the index of the quote that closes the string at i.
func endOfString(raw []byte, i int) int {
	for i++; i < len(raw) && raw[i] != '"'; i++ {
		if raw[i] == '\\' {
			i++
		}
	}
	return i
}

// unclear says what in valid JSON two readers could understand differently.
func unclear(raw []byte) string {
	type level struct{ names map[string]struct{} } // nil names: an array.
	var stack []level
	key := false // The next string is a member's name.
	for i := 0; i < len(raw); i++ {
		switch raw[i] {
		case '{':
			stack = append(stack, level{names: map[string]struct{}{}})
			key = true
		case '[':
			stack = append(stack, level{})
			key = false
		case '}', ']':
			stack = stack[:len(stack)-1]
			key = false
		case ',':
			key = stack[len(stack)-1].names != nil
		case ':':
			key = false
		case '"':
			end := endOfString(raw, i)
			text := raw[i : end+1]
			i = end
			if loneSurrogate(text) {
				return "it has a lone surrogate"
			}
			if !key {
				continue
			}
			var name string
			if err := json.Unmarshal(text, &name); err != nil {
				return err.Error()
			}
			names := stack[len(stack)-1].names
			if _, twice := names[name]; twice {
				return "a member is there twice: " + clip(name)
			}
			names[name] = struct{}{}
		}
	}
	return ""
}

// loneSurrogate looks for half of a UTF-16 pair, which reads as another
// character than was written.
func loneSurrogate(text []byte) bool {
	for i := bytes.IndexByte(text, '\\'); i >= 0 && i+1 < len(text); i++ {
		if text[i] != '\\' {
			continue
		}
		if i++; text[i] != 'u' {
			continue
		}
		hex := strings.ToLower(string(text[i+1 : i+5]))
		i += 4
		switch {
		case hex < "d800" || hex > "dfff":
		case hex >= "dc00":
			return true
		default:
			rest := text[i+1:]
			if len(rest) < 6 || rest[0] != '\\' || rest[1] != 'u' {
				return true
			}
			if low := strings.ToLower(string(rest[2:6])); low < "dc00" || low > "dfff" {
				return true
			}
			i += 6
		}
	}
	return false
}

func clip(s string) string {
	if len(s) > 80 {
		return strings.ToValidUTF8(s[:80], "") + "..."
	}
	return s
}
