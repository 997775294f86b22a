package sdkbundle_test

import (
	"encoding/base64"
	"encoding/json"
	"testing"

	"github.com/flora-runtime/flora-runtime/pkg/isolate/isolatetest"
)

// fuzzed takes foreign texts through the parsers that are written in
// TypeScript: each answers or throws a TypeError, and what it answered is what
// it answers of what it wrote.
const fuzzed = `
const bytes = (b64) => Uint8Array.from(atob(b64), (c) => c.charCodeAt(0));
const shown = async (form) => {
	const out = [];
	for (const [k, v] of form) out.push(k, typeof v === "string" ? v : [v.name, v.type, btoa(String.fromCharCode(...await v.bytes()))]);
	return JSON.stringify(out);
};
// Line ends and quotes are sent as a browser sends them, which is not what came.
const plain = (s) => !/[\r\n"%]/.test(s);
const known = (e) => {
	if (!(e instanceof TypeError) || e.stack.includes("is not a function") || e.stack.includes("undefined")) throw e;
};
on("multipart", async ({ msg: { body, boundary } }) => {
	let form;
	try {
		form = await new Response(bytes(body), { headers: { "content-type": "multipart/form-data; boundary=" + boundary.replace(/[^\x20-\x7e]/g, "_") } }).formData();
	} catch (e) {
		return known(e);
	}
	const first = await shown(form);
	const again = new Response(form);
	const second = await shown(await again.formData());
	if (first !== second && plain(JSON.parse(first).flat().join(""))) throw new Error(first + " became " + second);
});
on("query", ({ msg: { text } }) => {
	const p = new URLSearchParams(text);
	const again = new URLSearchParams(String(p));
	if (JSON.stringify([...p]) !== JSON.stringify([...again])) throw new Error(text + " became " + again);
});
on("pattern", ({ msg: { text, input } }) => {
	let p;
	try {
		p = new URLPattern(text, "https://example.com/a/b");
	} catch (e) {
		return known(e);
	}
	const all = (p) => ["protocol", "username", "password", "hostname", "port", "pathname", "search", "hash"].map((c) => p[c]);
	p.exec(input, "https://example.com/");
	const o = {};
	for (const c of ["protocol", "username", "password", "hostname", "port", "pathname", "search", "hash"]) o[c] = p[c];
	new URLPattern(o);
	if (all(p).some((s) => typeof s !== "string")) throw new Error("no text");
});
`

// FuzzPlatform is about multipart bodies, queries and URL patterns.
func FuzzPlatform(f *testing.F) {
	f.Add([]byte("--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n--b--\r\n"), "b", "a=b&c=%ff&&=+", "/:a{/b}*(c)?*")
	f.Add([]byte("--b\r\nContent-Disposition: form-data; name=f; filename=\"n\"\r\nContent-Type: t/u\r\n\r\n\x00\xff\r\n--b--"), "\"b\"", "\xff%", "https://{*.}?a.b:8*/[::1]?#(x)")
	f.Add([]byte("--\r\n--\r\n----"), "", "?", "\\")
	f.Fuzz(func(t *testing.T, body []byte, boundary, text, pattern string) {
		r := isolatetest.Load(t, fuzzed, isolatetest.Options{})
		for event, payload := range map[string]map[string]string{
			"multipart": {"body": base64.StdEncoding.EncodeToString(body), "boundary": boundary},
			"query":     {"text": text},
			"pattern":   {"text": pattern, "input": text},
		} {
			doc, err := json.Marshal(payload)
			if err != nil {
				t.Fatal(err)
			}
			if failed := r.Dispatch(event, string(doc)); failed != nil {
				t.Errorf("%s of %s: %s", event, doc, failed.Text)
			}
		}
	})
}
