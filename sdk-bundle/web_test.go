package sdkbundle_test

import (
	_ "embed"
	"testing"

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
	survives(t, "the web platform", "web", webNeeds, web, isolatetest.Options{})
}
