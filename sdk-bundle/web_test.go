package sdkbundle_test

import (
	_ "embed"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/isolate/isolatetest"
)

//go:embed testdata/web.js
var web string

// webNeeds is what the script of testdata/web.js takes of the language first.
const webNeeds = `const { iterator } = Symbol, Promise1 = Promise, one1 = new Uint8Array([9]), into = new Uint8Array(4), into2 = new Uint8Array([3]),
	sjis = new Uint8Array([0x93, 0xfa]), utf16 = new Uint8Array([0xff, 0xfe, 0x41, 0]), date = new Date(0), regexp = /a/gi, map = new Map([[1, 2]]), set = new Set([1]), error = new TypeError("e");
	const parts = { [iterator]() { let n = 0; return { next: () => (n++ ? { done: true, value: undefined } : { done: false, value: "a part" }) }; } };
`

func TestTheWebSurvivesAHostilePreamble(t *testing.T) {
	t.Parallel()
	use := func(script string) []string {
		r := isolatetest.Load(t, script, isolatetest.Options{})
		if f := r.Dispatch("web", "{}"); f != nil {
			t.Errorf("it failed: %s", f.Text)
		}
		return logs(r)
	}
	want := use(webNeeds + web)
	if len(want) < 15 || want[len(want)-1] != "end" {
		t.Fatalf("the script did too little: %q", want)
	}
	got := use(webNeeds + hostilePreamble(t) + web)
	for _, line := range got {
		if strings.Contains(line, "the SDK used") {
			t.Error(line)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the preamble changes what the web platform does (-without +with):\n%s", diff)
	}
}
