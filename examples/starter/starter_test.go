package starter_test

import (
	"encoding/json"
	"io/fs"
	"testing"

	"github.com/evanw/esbuild/pkg/api"
	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/examples/starter"
	"github.com/flora-runtime/flora-runtime/pkg/isolate/isolatetest"
)

// load runs the starter with a key-value store in memory.
func load(t *testing.T) *isolatetest.Rig {
	t.Helper()
	source, err := fs.ReadFile(starter.Files(), starter.Entry)
	if err != nil {
		t.Fatal(err)
	}
	out := api.Transform(string(source), api.TransformOptions{Loader: api.LoaderTS, Format: api.FormatESModule})
	if len(out.Errors) > 0 {
		t.Fatalf("%+v", out.Errors)
	}
	values := map[string]string{}
	return isolatetest.Load(t, string(out.Code), isolatetest.Options{
		Ops: []string{"op_send_message", "op_send_interaction_response", "op_kv_get", "op_kv_set", "op_kv_delete"},
		Answer: func(c isolatetest.Call) (string, bool, bool) {
			var args struct{ Store, Key, Value string }
			if err := json.Unmarshal([]byte(c.Args), &args); err != nil {
				t.Error(err)
			}
			id := args.Store + "/" + args.Key
			switch c.Op {
			case "op_kv_get":
				value, ok := values[id]
				if !ok {
					return "null", true, true
				}
				return `"` + value + `"`, true, true
			case "op_kv_set":
				values[id] = args.Value
			case "op_kv_delete":
				delete(values, id)
			}
			return "null", true, true
		},
	})
}

func TestStarterAnswers(t *testing.T) {
	t.Parallel()
	command := func(name, options string) string {
		return `{"interactionId":"5","interactionToken":"t","channelId":"2","user":{"username":"ada"},"commandName":"` + name + `","data":{"options":` + options + `}}`
	}
	r := load(t)
	steps := []struct{ event, payload, want string }{
		{"messageCreate", `{"id":"1","channelId":"2","content":"!ping","author":{"bot":false}}`, "pong!"},
		{"interactionCreate", command("hello", `[]`), "Hello, ada!"},
		{"interactionCreate", command("hello", `[{"name":"name","type":3,"value":"Bob"}]`), "Hello, Bob!"},
		{"interactionCreate", command("counter", `[{"name":"get","type":1}]`), "The counter is at 0."},
		{"interactionCreate", command("counter", `[{"name":"increment","type":1}]`), "The counter is at 1 now."},
		{"interactionCreate", command("counter", `[{"name":"increment","type":1,"options":[{"name":"by","type":4,"value":5}]}]`), "The counter is at 6 now."},
		{"interactionCreate", command("counter", `[{"name":"get","type":1}]`), "The counter is at 6."},
		{"interactionCreate", command("counter", `[{"name":"reset","type":1}]`), "The counter is at 0 now."},
		{"interactionCreate", command("counter", `[{"name":"get","type":1}]`), "The counter is at 0."},
	}
	for _, s := range steps {
		if f := r.Dispatch(s.event, s.payload); f != nil {
			t.Fatalf("%s: %s", s.payload, f.Text)
		}
		all := r.Calls("op_send_message", "op_send_interaction_response")
		var got struct{ Content string }
		if err := json.Unmarshal([]byte(all[len(all)-1].Args), &got); err != nil {
			t.Fatal(err)
		}
		if got.Content != s.want {
			t.Errorf("%s: got %q, want %q", s.payload, got.Content, s.want)
		}
	}
}

func TestStarterDeclaresItsCommands(t *testing.T) {
	t.Parallel()
	want := []string{
		"mark !", "event interactionCreate",
		`commands [{"name":"hello","description":"Says hello","options":[{"name":"name","description":"Whom to greet; you, if left out","type":"string"}]},` +
			`{"name":"counter","description":"Counts, and remembers it","options":[{"name":"get","description":"Shows the counter","type":"subcommand"},` +
			`{"name":"increment","description":"Adds to the counter","type":"subcommand","options":[{"name":"by","description":"How much; 1, if left out","type":"integer"}]},` +
			`{"name":"reset","description":"Sets the counter to 0","type":"subcommand"}]}]`,
	}
	if diff := cmp.Diff(want, load(t).Declared()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
