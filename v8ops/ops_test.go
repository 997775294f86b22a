package v8ops_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/flora-runtime/flora-runtime/pkg/discord"
	"github.com/flora-runtime/flora-runtime/pkg/op"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/v8ops"
	"github.com/flora-runtime/flora-runtime/v8ops/outbound"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// What belongs to the calling guild in every test, and what to another one.
const (
	guildA, guildB     snowflake.GuildID       = 100000000000000001, 100000000000000002
	channelA, channelB snowflake.ChannelID     = 300000000000000001, 300000000000000002
	threadA            snowflake.ChannelID     = 300000000000000009
	webhookA, webhookB snowflake.WebhookID     = 700000000000000001, 700000000000000002
	application        snowflake.ApplicationID = 900000000000000001
	tokenA, tokenB                             = "aW50ZXJhY3Rpb24-tokenA", "aW50ZXJhY3Rpb24-tokenB"
	inviteA, inviteB                           = "inviteA", "inviteB"
)

// rest records requests and answers them all alike.
type rest struct {
	mu       sync.Mutex // Guards the members below.
	requests []discord.Request
	answer   json.RawMessage
	err      error
}

func (r *rest) Do(_ context.Context, req discord.Request) (json.RawMessage, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests = append(r.requests, req)
	return r.answer, r.err
}

func (r *rest) sent() []discord.Request {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.requests)
}

// rig is the table of ops between a fake REST and the real rest.
type rig struct {
	rest  *rest
	table *op.Table
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{rest: &rest{}}
	var err error
	r.table, err = v8ops.Table(v8ops.Deps{KV: noKV, Discord: &outbound.Discord{
		REST: r.rest, Scope: newScope(t), Application: func() snowflake.ApplicationID { return application },
		Nonce: func() string { return "nonce" },
	}})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// call runs an op for guildA.
func (r *rig) call(t *testing.T, name, args string) (any, error) {
	t.Helper()
	o, ok := r.table.Lookup(name)
	if !ok {
		t.Fatalf("there is no op %s", name)
	}
	return o.Handler(t.Context(), op.Call{Guild: guildA, Args: json.RawMessage(args)})
}

// golden is one case under testdata/requests.
type golden struct {
	file, op, args string
	answer         json.RawMessage
	want           string // Everything after args and answer.
}

func goldens(t *testing.T) []golden {
	t.Helper()
	files, err := filepath.Glob("testdata/requests/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	var out []golden
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		g := golden{file: file}
		g.op, _, _ = strings.Cut(strings.TrimSuffix(filepath.Base(file), ".txtar"), "@")
		for _, part := range a.Files {
			switch part.Name {
			case "args":
				g.args = string(part.Data)
			case "answer":
				g.answer = bytes.TrimSpace(part.Data)
			default:
				g.want += "-- " + part.Name + " --\n" + string(part.Data)
			}
		}
		out = append(out, g)
	}
	return out
}

// TestRequests holds every op's exact requests and result to its golden files.
func TestRequests(t *testing.T) {
	t.Parallel()
	for _, g := range goldens(t) {
		t.Run(strings.TrimSuffix(filepath.Base(g.file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.rest.answer = g.answer
			result, err := r.call(t, g.op, g.args)
			got := ""
			for _, req := range r.rest.sent() {
				got += show(t, req)
			}
			switch {
			case err != nil:
				got += "-- error --\n" + err.Error() + "\n"
			case result != nil:
				got += "-- result --\n" + pretty(t, result) + "\n"
			}
			if *update {
				text := "-- args --\n" + g.args
				if g.answer != nil {
					text += "-- answer --\n" + string(g.answer) + "\n"
				}
				if err := os.WriteFile(g.file, []byte(text+got), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(g.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// show is a request as text.
func show(t *testing.T, r discord.Request) string {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "-- request --\n%s %s\npath %s\nguild %s\n", r.Method, r.Route, r.Path, r.Guild)
	if len(r.Query) > 0 {
		fmt.Fprintf(&b, "query %s\n", r.Query.Encode())
	}
	if r.Reason != "" {
		fmt.Fprintf(&b, "reason %s\n", r.Reason)
	}
	if r.Body != nil {
		fmt.Fprintf(&b, "%s\n", pretty(t, r.Body))
	}
	for _, f := range r.Files {
		fmt.Fprintf(&b, "file %q %q %q\n", f.Name, f.Description, f.Data)
	}
	if r.Form != nil {
		fmt.Fprintf(&b, "form %v file %q %q\n", r.Form.Fields, r.Form.File.Name, r.Form.File.Data)
	}
	return b.String()
}

// pretty is JSON with its members in order and its numbers as they were.
func pretty(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(json.RawMessage(raw)); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(out.String())
}

// TestEveryOpHasACase keeps the golden files and the table together.
func TestEveryOpHasACase(t *testing.T) {
	t.Parallel()
	cases := map[string]bool{}
	for _, g := range goldens(t) {
		cases[g.op] = true
	}
	for _, name := range newRig(t).table.Names() {
		if !cases[name] && !strings.HasPrefix(name, "op_kv_") {
			t.Errorf("%s has no case under testdata/requests", name)
		}
	}
}

func TestTableRefuses(t *testing.T) {
	t.Parallel()
	if _, err := v8ops.Table(v8ops.Deps{}); err == nil {
		t.Error("a table without services was made")
	}
}

// BenchmarkSendMessage is what control adds between a script's arguments and
// the request.
func BenchmarkSendMessage(b *testing.B) {
	table, err := v8ops.Table(v8ops.Deps{KV: noKV, Discord: &outbound.Discord{
		REST: nowhere{}, Scope: newScope(b), Application: func() snowflake.ApplicationID { return application },
	}})
	if err != nil {
		b.Fatal(err)
	}
	o, _ := table.Lookup("op_send_message")
	for name, args := range map[string]string{
		"text":  `{"channelId":"300000000000000001","content":"pong!","replyTo":"400000000000000001"}`,
		"embed": `{"channelId":"300000000000000001","embeds":[{"title":"T","description":"D","footer":{"text":"f","iconUrl":"https://e.x"},"fields":[{"name":"n","value":"v"}]}],"components":[{"type":1,"components":[{"type":2,"style":1,"custom_id":"a","label":"A"}]}]}`,
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := o.Handler(b.Context(), op.Call{Guild: guildA, Args: json.RawMessage(args)}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// nowhere answers every request with nothing.
type nowhere struct{}

func (nowhere) Do(context.Context, discord.Request) (json.RawMessage, error) { return nil, nil }
