package sdkbundle_test

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/flora-runtime/flora-runtime/pkg/isolate/isolatetest"
)

func TestFetchChecksIntegrity(t *testing.T) {
	t.Parallel()
	in := func(bits string, sum []byte) string {
		return "sha" + bits + "-" + base64.StdEncoding.EncodeToString(sum)
	}
	digests := func(body string) (a, b, c string) {
		x, y, z := sha256.Sum256([]byte(body)), sha512.Sum384([]byte(body)), sha512.Sum512([]byte(body))
		return in("256", x[:]), in("384", y[:]), in("512", z[:])
	}
	s256, s384, s512 := digests(hello)
	o256, _, o512 := digests("other")
	const right = "201 Made false " + hello + " " + hello
	wrong := func(has string) string {
		return "TypeError FETCH_FAILED fetch failed: the response's body is not what integrity says: its digest is " + has
	}
	const unknown = "TypeError undefined fetch: integrity names no digest that can be checked; give sha256-, sha384- or sha512- and the digest in base64"
	for _, row := range []struct{ integrity, want string }{
		{s256, right},
		{s384, right},
		{s512, right},
		{"SHA256" + s256[6:], right},
		{s256 + "?ct=text/plain", right},
		{"\t" + o256 + "\n " + s256 + " ", right},
		{o256 + " " + s512, right},
		{"md5-abc " + s384, right},
		{"", right},
		{o256, wrong(s256)},
		{s256 + " " + o512, wrong(s512)},
		{"sha256-", wrong(s256)},
		{s256[:len(s256)-1], wrong(s256)},
		{"sha256-" + s512[7:], wrong(s256)},
		{"md5-abc", unknown},
		{"sha1-abc sha2560-x sha256", unknown},
		{" ", unknown},
	} {
		r := fetcher(t, nil)
		says(t, r, fmt.Sprintf(`await fetch("http://a.b", {integrity: %q}).then(async (a) => { const b = a.clone(); console.log(a.status, a.statusText, a.bodyUsed, await a.text(), await b.text()) },
			(e) => console.log(e.name, e.code, e.message))`, row.integrity), row.want)
		if n := len(calls(r)); (n == 0) != (row.want == unknown) {
			t.Errorf("%q: %d requests were made", row.integrity, n)
		}
	}
}

func TestFetchChecksIntegrityOfAllOfAStream(t *testing.T) {
	t.Parallel()
	sum := sha256.Sum256([]byte(hello + hello))
	right := "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
	load := func() *isolatetest.Rig {
		return fetcher(t, func(c isolatetest.Call) (string, bool, bool) {
			if c.Op == "op_fetch" {
				return strings.Replace(answered, `"more":false`, `"more":true`, 1), true, true
			}
			return `{"more":false}`, true, true
		})
	}
	r := load()
	says(t, r, `const q = new Request("http://a.b", {integrity: "`+right+`"}); const a = await fetch(q.clone()); console.log(q.integrity === "`+right+`", await new Response(a.body).text())`, "true "+hello+hello)
	// The limit for bodies that are taken as a whole is control's.
	if got := calls(r); len(got) != 2 || got[1].Op != "op_fetch_read" || !strings.Contains(got[1].Args, `"whole":true`) {
		t.Errorf("calls: %+v", got)
	}
	says(t, load(), `await fetch("http://a.b", {integrity: "sha256-x"}).catch((e) => console.log(e.name, e.code))`, "TypeError FETCH_FAILED")
	says(t, load(), `await fetch("http://a.b", {method: "HEAD", integrity: "`+right+`"}).catch((e) => console.log(e.message))`, "fetch failed: the response has no body that could be compared with integrity")
	says(t, load(), `console.log(await (await fetch("data:,%68i", {integrity: "sha256-j0NDRmSPa5bfid2pAcUXaxCm2Dlh3TwayItZstwyeqQ="})).text());
		await fetch("data:,ho", {integrity: "sha256-j0NDRmSPa5bfid2pAcUXaxCm2Dlh3TwayItZstwyeqQ="}).catch((e) => console.log(e.name))`, "hi", "TypeError")
}
