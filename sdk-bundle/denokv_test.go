package sdkbundle_test

import (
	"context"
	_ "embed"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/isolate/isolatetest"
	"github.com/flora-runtime/flora-runtime/pkg/kv"
	"github.com/flora-runtime/flora-runtime/pkg/op"
	"github.com/flora-runtime/flora-runtime/v8ops/denokv"
)

//go:embed testdata/denokv.js
var databases string

// playDatabases runs the script on real ops, and gives it a message and a
// schedule.
func playDatabases(t *testing.T, script string) []string {
	t.Helper()
	db, err := kv.Open(kv.Config{Dir: "/kv", Memory: true, Limits: kv.DefaultLimits(), CacheBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	table, err := op.NewTable(denokv.Ops(denokv.Deps{Store: db}))
	if err != nil {
		t.Fatal(err)
	}
	r := isolatetest.Load(t, script, isolatetest.Options{Ops: table.Names(), Answer: func(c isolatetest.Call) (string, bool, bool) {
		o, _ := table.Lookup(c.Op)
		v, err := o.Handler(context.WithoutCancel(t.Context()), op.Call{Guild: 1, Args: json.RawMessage(c.Args)})
		if err != nil {
			f := fault.From(err)
			b, _ := json.Marshal(map[string]any{"class": f.Class(), "message": f.Message, "code": f.ScriptCode()})
			return string(b), false, true
		}
		b, _ := json.Marshal(v)
		return string(b), true, true
	}})
	const text = `{"id":"00","value":"dgEGAmhp","at":5,"attempt":2}` // "hi"
	for _, e := range [][2]string{{"run", `{}`}, {"__kvqueue:", text}, {"__kvqueue:", text}, {"__schedule:s", text}, {"__kvwatch", `{}`}, {"end", `{}`}, {"__kvqueue:", text}} {
		if f := r.Dispatch(e[0], e[1]); f != nil {
			first, _, _ := strings.Cut(f.Text, "\n")
			t.Logf("%s failed: %s", e[0], first)
		}
	}
	return logs(r)
}

// TestDatabasesSurviveAHostilePreamble: a script that has overwritten every
// built-in method still has its databases, and they do the same.
func TestDatabasesSurviveAHostilePreamble(t *testing.T) {
	t.Parallel()
	const first = samples + `const bytes = new Uint8Array([1, 0, 2]), stamp = new Date(7), say = console.log;
`
	want := playDatabases(t, first+databases)
	if len(want) < 15 || !strings.HasPrefix(want[len(want)-1], "closed") {
		t.Fatalf("the script did too little: %q", want)
	}
	if diff := cmp.Diff(want, playDatabases(t, first+hostilePreamble(t)+databases)); diff != "" {
		t.Errorf("the preamble changes what the databases do (-without +with):\n%s", diff)
	}
}
