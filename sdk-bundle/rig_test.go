package sdkbundle_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/isolate/isolatetest"
)

// patience is CPU time that only a test that hangs uses up.
const patience = 20 * time.Second

// evaluator runs code that its tests give it, in a loaded isolate.
const evaluator = `on("eval", async (ctx) => {
	await (0, eval)("(async () => {" + ctx.msg.code + "\n})()");
});`

// call is an op call as tests compare it.
type call struct {
	Op   string
	Args string // JSON.
}

func calls(r *isolatetest.Rig) []call {
	var out []call
	for _, c := range r.Calls() {
		out = append(out, call{c.Op, c.Args})
	}
	return out
}

func logs(r *isolatetest.Rig) []string {
	var out []string
	for _, l := range r.Logs() {
		out = append(out, l.Text)
	}
	return out
}

// sameJSON compares two JSON texts as values.
func sameJSON(t *testing.T, what, want, got string) {
	t.Helper()
	var w, g any
	if err := json.Unmarshal([]byte(want), &w); err != nil {
		t.Fatalf("%s: the test wants what is not JSON: %v: %s", what, err, want)
	}
	if err := json.Unmarshal([]byte(got), &g); err != nil {
		t.Fatalf("%s: got what is not JSON: %v: %s", what, err, got)
	}
	if diff := cmp.Diff(w, g); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// sameCalls compares the calls so far, their arguments as values.
func sameCalls(t *testing.T, r *isolatetest.Rig, want []call) {
	t.Helper()
	got := calls(r)
	if len(got) != len(want) {
		t.Fatalf("got %d calls, want %d: %+v", len(got), len(want), got)
	}
	for i, w := range want {
		if got[i].Op != w.Op {
			t.Errorf("call %d: got %s, want %s", i, got[i].Op, w.Op)
			continue
		}
		sameJSON(t, w.Op, w.Args, got[i].Args)
	}
}

// run evaluates code in the rig and fails the test when it throws.
func run(t *testing.T, r *isolatetest.Rig, code string) {
	t.Helper()
	payload, err := json.Marshal(map[string]string{"code": code})
	if err != nil {
		t.Fatal(err)
	}
	if f := r.Dispatch("eval", string(payload)); f != nil {
		t.Fatalf("%s\nfailed: %s", code, f.Text)
	}
}
