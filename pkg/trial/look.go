package trial

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/logs"
	"github.com/flora-runtime/flora-runtime/pkg/op"
	"github.com/flora-runtime/flora-runtime/pkg/trial/report"
)

// call is a call of Discord's API.
type call struct {
	Name string          `json:"name"`
	Args json.RawMessage `json:"args"`
}

// sent is a message, as it was seen last.
type sent struct {
	ID      string          `json:"id"`
	Message json.RawMessage `json:"message"`
	Body    json.RawMessage `json:"body,omitempty"` // What the script sent.
	Deleted bool            `json:"deleted"`
}

// watched gives the table with handlers that note their calls, and that a test
// can answer in their place. What scripts fetch is always the test's.
func (w *world) watched(t *op.Table) (*op.Table, error) {
	var out []op.Op
	for _, o := range t.All() {
		if !strings.HasPrefix(o.Name, "op_kv_") {
			o.Handler = w.noted(o)
		}
		out = append(out, o)
	}
	return op.NewTable(out, (&fetches{world: w, sent: map[string]*upload{}}).ops())
}

func (w *world) noted(o op.Op) op.Handler {
	name := restName(o.Name)
	usual := o.Handler
	return func(ctx context.Context, c op.Call) (any, error) {
		w.mu.Lock()
		w.calls = append(w.calls, call{Name: name, Args: c.Args})
		overridden := w.overridden[name]
		w.mu.Unlock()
		if overridden {
			return w.asked(ctx, "call", name, c.Args)
		}
		out, err := usual(ctx, c)
		w.observe(c.Args)
		return out, err
	}
}

// asked lets the test answer.
func (w *world) asked(ctx context.Context, kind, name string, args json.RawMessage) (any, error) {
	raw, err := w.ask(ctx, kind, name, args)
	if err != nil {
		return nil, err
	}
	if len(raw) == 0 {
		return nil, nil
	}
	return raw, nil
}

// refusal makes the error of a script of what a test threw.
func refusal(doc map[string]any) error {
	message, _ := doc["message"].(string)
	code := fault.BuildFailed // A plain Error without a code.
	if doc["code"] == "NOT_SUPPORTED" {
		code = fault.NotSupported
	}
	f := fault.New(code, "%s", message)
	for _, key := range []string{"code", "discord_code", "status"} {
		if v, ok := doc[key]; ok && v != nil {
			_ = f.With(key, v)
		}
	}
	return f
}

// restName is the function of rest that calls an op.
func restName(op string) string {
	var b strings.Builder
	for i, part := range strings.Split(strings.TrimPrefix(op, "op_"), "_") {
		if i > 0 && part != "" {
			part = strings.ToUpper(part[:1]) + part[1:]
		}
		b.WriteString(part)
	}
	return b.String()
}

// observe looks at the guild's messages; body is what made the new ones.
func (w *world) observe(body json.RawMessage) {
	all := w.sim.Messages(w.guild)
	self := w.gateway.Application().String()
	w.mu.Lock()
	defer w.mu.Unlock()
	there := make(map[string]bool, len(all))
	for _, raw := range all {
		var m struct {
			ID     string
			Author struct{ ID string }
		}
		if json.Unmarshal(raw, &m) != nil {
			continue
		}
		there[m.ID] = true
		s := w.known[m.ID]
		if s == nil {
			s = &sent{ID: m.ID, Body: body}
			w.known[m.ID] = s
			if m.Author.ID == self {
				w.sent = append(w.sent, s)
			}
		}
		s.Message = raw
	}
	for id, s := range w.known {
		s.Deleted = !there[id]
	}
}

// lines are the log's after an id: the script's only, or the runtime's too.
func (w *world) lines(after uint64, script bool) []report.Line {
	out := []report.Line{}
	for _, e := range w.hub.Lines(w.guild, logs.Query{After: after, Limit: 10_000}) {
		from := "script"
		if e.Target != logs.TargetScript {
			from = "runtime"
		}
		if e.ID <= after || script && from != "script" {
			continue
		}
		// What is as it should be, or is told by the error itself, is no news.
		if from == "runtime" && (!e.Passes("warn") || strings.HasPrefix(e.Message, "deploy failed: ")) {
			continue
		}
		out = append(out, report.Line{Level: e.Level, Text: w.author(e.Message), From: from})
	}
	return out
}

// look is all that a test can see at once.
func (w *world) look() (any, error) {
	w.observe(nil)
	crons := map[string]any{}
	for _, j := range w.crons.Jobs(w.guild) {
		crons[j.Name] = map[string]any{"expr": j.Expr, "skipIfRunning": j.SkipIfRunning}
	}
	members := w.sim.Members(w.guild)
	w.mu.Lock()
	defer w.mu.Unlock()
	messages := make([]*sent, 0, len(w.known))
	own := make([]string, 0, len(w.sent))
	for _, s := range w.known {
		messages = append(messages, s)
	}
	for _, s := range w.sent {
		own = append(own, s.ID)
	}
	// Encoded here, while nobody changes it.
	doc, err := json.Marshal(map[string]any{
		"now": w.clock.Now().UnixMilli(), "messages": messages, "sent": own, "members": members, "crons": crons, "commands": w.commands,
	})
	if err != nil {
		return nil, fmt.Errorf("encode what is seen: %w", err)
	}
	return json.RawMessage(doc), nil
}
