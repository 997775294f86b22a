package discord

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/discord/internal/jsonscan"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
)

// result is the answer's JSON, or nil.
func (a answer) result() (json.RawMessage, error) {
	if len(a.body) == 0 {
		return nil, nil
	}
	if !jsonscan.Valid(a.body) {
		return nil, fault.New(fault.Upstream, "Discord's answer is not JSON; try again")
	}
	return a.body, nil
}

// apiError is Discord's error body.
type apiError struct {
	Code    int             `json:"code"`
	Message string          `json:"message"`
	Errors  json.RawMessage `json:"errors"`
}

const (
	maxMessageText = 400  // Of an error's own text.
	maxComplaints  = 5    // Of a form that are quoted.
	maxErrorsShown = 4096 // Of the raw "errors" that go along, in bytes.
)

// fault is the public error of an attempt that failed for good.
func (a answer) fault(ctx context.Context, c *call) error {
	if a.err != nil {
		return a.transportFault(ctx, c)
	}
	var e apiError
	text := ""
	if json.Unmarshal(a.body, &e) == nil {
		text = clip(e.Message, maxMessageText)
	}
	if text == "" {
		text = http.StatusText(a.status)
	}
	if list := complaints(e.Errors); list != "" {
		text += ": " + list
	}
	f := fault.New(fault.DiscordHTTP, "Discord HTTP error (%d): %s (route: %s %s)", a.status, text, c.method, c.route).
		With("discord_code", e.Code).With("status", a.status)
	if len(e.Errors) > 0 && len(e.Errors) <= maxErrorsShown {
		f = f.With("errors", e.Errors)
	}
	return f
}

// transportFault is for a request that got no answer. Its cause is stripped of
// the URL, which may hold an interaction's or webhook's token.
func (a answer) transportFault(ctx context.Context, c *call) error {
	cause := a.err
	if u, ok := errors.AsType[*url.Error](cause); ok {
		cause = u.Err
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		return fmt.Errorf("call %s %s: %w", c.method, c.route, ctx.Err())
	}
	text := "Discord could not be reached; try again"
	switch {
	case errors.Is(cause, errAnswerTooLarge):
		text = fmt.Sprintf("its answer is larger than %d bytes", maxAnswer)
	case errors.Is(cause, context.DeadlineExceeded):
		text = "Discord did not answer in time"
	}
	return fault.Wrap(cause, fault.DiscordHTTP, "Discord HTTP error (500): %s (route: %s %s)", text, c.method, c.route).
		With("discord_code", 0).With("status", http.StatusInternalServerError)
}

// rateLimited is the error of a call that cannot be made in time.
func rateLimited(c *call, after time.Duration) error {
	seconds := math.Ceil(after.Seconds()*1000) / 1000
	f := fault.New(fault.DiscordRateLimited, "Discord rate limited for %s %s; try again in %s s", c.method, c.route,
		strconv.FormatFloat(seconds, 'f', -1, 64))
	f.RetryAfter = after
	return f.With("retryAfter", seconds)
}

// complaints flattens the nested "errors" of a form that Discord refused.
func complaints(raw json.RawMessage) string {
	if len(raw) == 0 || len(raw) > 64<<10 {
		return ""
	}
	var tree map[string]any
	if json.Unmarshal(raw, &tree) != nil {
		return ""
	}
	var out []string
	walkComplaints("", tree, &out)
	more := ""
	if len(out) > maxComplaints {
		more = fmt.Sprintf(" and %d more", len(out)-maxComplaints)
		out = out[:maxComplaints]
	}
	return clip(strings.Join(out, " "), maxMessageText) + more
}

func walkComplaints(at string, node map[string]any, out *[]string) {
	const most = 1000
	keys := make([]string, 0, len(node))
	for k := range node {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		if len(*out) >= most {
			return
		}
		switch v := node[k].(type) {
		case map[string]any:
			where := k
			if at != "" {
				where = at + "." + k
			}
			walkComplaints(where, v, out)
		case []any:
			if k == "_errors" {
				for _, e := range v {
					if m, ok := e.(map[string]any); ok {
						*out = append(*out, fmt.Sprintf("%s: %v", at, m["message"]))
					}
				}
			}
		}
	}
}

// clip shortens a text to n bytes, at a character.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "..."
}

// retryAfter is when a 429 may be tried again.
func (a answer) retryAfter() time.Duration {
	var doc struct {
		RetryAfter float64 `json:"retry_after"`
	}
	if json.Unmarshal(a.body, &doc) == nil && doc.RetryAfter > 0 {
		return duration(doc.RetryAfter)
	}
	if s, err := strconv.ParseFloat(a.header.Get("Retry-After"), 64); err == nil && s > 0 {
		return duration(s)
	}
	return time.Second
}

// duration reads Discord's seconds, within a day.
func duration(seconds float64) time.Duration {
	const most = 24 * 60 * 60
	if math.IsNaN(seconds) || seconds < 0 {
		return 0
	}
	return time.Duration(math.Ceil(min(seconds, most) * float64(time.Second)))
}
