package sdkbundle_test

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/isolate"
	"github.com/flora-runtime/flora-runtime/pkg/isolate/isolatetest"
	"github.com/flora-runtime/flora-runtime/pkg/v8"
)

//go:embed testdata/walk.js
var walker string

//go:embed testdata/leaks.js
var leaks string

// found is what the walker tells.
type found struct {
	Objects int
	Natives []string
	Caught  int
}

// bare is the smallest thing that fulfils the boot contract.
const bare = `delete globalThis.console; globalThis.__floraBoot = (natives) => { const { log } = natives; globalThis.say = (s) => { log(0, 0, s); }; return () => {}; };`

// asBare makes the test binary walk the bare language instead: a process can
// have isolates of one snapshot only.
const asBare = "FLORA_TEST_BARE_LANGUAGE"

func TestMain(m *testing.M) {
	if os.Getenv(asBare) == "" {
		os.Exit(m.Run())
	}
	if err := walkBare(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func walkBare(out io.Writer) error {
	v8.Init(false)
	blob, err := v8.Snapshot(bare)
	if err != nil {
		return err
	}
	copied, err := v8.NewBlob(blob)
	if err != nil {
		return err
	}
	iso, err := v8.New(v8.Config{
		Blob: copied, MemoryLimit: 64 << 20, Natives: []string{"log"}, Info: "{}",
		Call: func(_ int, _, _, _ float64, text, _ []byte) v8.Result {
			_, err = out.Write(text)
			return v8.Result{}
		},
	})
	if err != nil {
		return err
	}
	defer iso.Dispose()
	if failed := iso.Load("bare.js", walker+`say(JSON.stringify(walk([globalThis, new Error("its stack has accessors"), async () => {}, function* () {}])));`, 4, 1, time.Minute); failed != nil {
		return failed
	}
	return err
}

// language walks an isolate that has nothing but the language.
func language(t *testing.T) found {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0]) //nolint:gosec // The test binary itself.
	cmd.Env = append(os.Environ(), asBare+"=1")
	cmd.Stderr = os.Stderr
	text, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var out found
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestNoNativeIsReachable(t *testing.T) {
	t.Parallel()
	want := language(t)
	if len(want.Natives) < 500 {
		t.Fatalf("the walk of the bare language found only %d functions", len(want.Natives))
	}
	r := isolatetest.Load(t, walker+leaks, isolatetest.Options{
		Limits: isolate.Limits{TurnCPU: patience},
		Ops:    append([]string{"op_send_message", "op_send_interaction_response"}, kvOps...),
		Answer: func(c isolatetest.Call) (string, bool, bool) {
			return `{"class":"Error","message":"no"}`, c.Op != "op_send_message", true
		}})
	for _, payload := range []string{message, interaction} {
		if f := r.Dispatch("e", payload); f != nil {
			t.Errorf("the script that tries failed itself: %s", f.Text)
		}
	}
	if f := r.Dispatch("walk", `{}`); f != nil {
		t.Fatal(f.Text)
	}
	// Limits that the script ran into are told in between.
	all := slices.DeleteFunc(r.Logs(), func(l isolatetest.Line) bool { return !strings.HasPrefix(l.Text, `{"objects"`) })
	var got found
	if len(all) != 1 || json.Unmarshal([]byte(all[0].Text), &got) != nil {
		t.Fatal("the walk told nothing", r.Logs())
	}
	if got.Caught < 50 || got.Objects < want.Objects {
		t.Errorf("the script caught %d things and walked %d objects: it did not try", got.Caught, got.Objects)
	}
	// The SDK has its own instead of the first, and keeps the others to itself.
	hidden := []string{"ArrayBuffer/1", "fromBase64/1", "fromHex/1", "setFromBase64/1", "setFromHex/1", "toBase64/0", "toHex/0"}
	want.Natives = slices.DeleteFunc(want.Natives, func(n string) bool { return slices.Contains(hidden, n) })
	if diff := cmp.Diff(want.Natives, got.Natives); diff != "" {
		t.Errorf("native functions that the language does not have (-language +script):\n%s", diff)
	}
}

func TestGlobalsAreWhatIsDocumented(t *testing.T) {
	t.Parallel()
	r := isolatetest.Load(t, `
		const names = Object.getOwnPropertyNames(globalThis);
		console.log(names.filter((n) => /^(__|op_|natives|core)/.test(n)));
		console.log(names.filter((n) => Object.getOwnPropertyDescriptor(globalThis, n).enumerable));
		const mine = names.filter((n) => n in flora || ["console", "fetch", "flora", "setTimeout", "setInterval", "clearTimeout", "clearInterval", "queueMicrotask",
			"Headers", "Request", "Response", "AbortController", "AbortSignal", "DOMException", "URL", "URLSearchParams", "TextEncoder", "TextDecoder", "atob", "btoa"].includes(n));
		console.log(mine.length > 60, mine.every((n) => { const d = Object.getOwnPropertyDescriptor(globalThis, n); return d.writable && d.configurable; }));
		for (const f of [on, cron, rest.sendMessage, kv.store, console.log, setTimeout, EmbedBuilder.prototype.setTitle])
			if (Object.hasOwn(f, "caller") || Object.hasOwn(f, "arguments")) console.log(f.name + " is not strict");`, isolatetest.Options{})
	got := logs(r)
	if got[0] != "[ \"__floraGuildId\" ]" || got[1] != "[]" {
		t.Errorf("unexpected globals: %q", got[:2])
	}
	if got[2] != "true true" || len(got) != 3 {
		t.Errorf("got %q", got[2:])
	}
}
