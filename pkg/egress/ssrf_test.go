package egress_test

import (
	"errors"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/flora-runtime/flora-runtime/pkg/egress"
)

// spellings are what no request may reach, however it is written, and what each
// is told.
var spellings = []struct{ url, code string }{
	{"http://127.0.0.1/", "EFORBIDDEN"},
	{"http://127.1/", "EFORBIDDEN"},
	{"http://127.0.1/", "EFORBIDDEN"},
	{"http://2130706433/", "EFORBIDDEN"},
	{"http://0x7f000001/", "EFORBIDDEN"},
	{"http://0x7f.1/", "EFORBIDDEN"},
	{"http://0X7F.0x0.0x0.0x1/", "EFORBIDDEN"},
	{"http://017700000001/", "EFORBIDDEN"},
	{"http://0177.0.0.1/", "EFORBIDDEN"},
	{"http://0177.0x0.1/", "EFORBIDDEN"},
	{"http://127.0.0.1./", "EFORBIDDEN"},
	{"http://127.0.0.1:8080/", "EFORBIDDEN"},
	{"https://127.0.0.1/", "EFORBIDDEN"},
	{"http:127.0.0.1/", "EFORBIDDEN"},
	{"http:/127.0.0.1/", "EFORBIDDEN"},
	{"http:///127.0.0.1/", "EFORBIDDEN"},
	{"http:\\\\127.0.0.1\\", "EFORBIDDEN"},
	{" http://127.0.0.1/ ", "EFORBIDDEN"},
	{"ht\ttp://127.0\n.0.1/", "EFORBIDDEN"},
	{"HTTP://127.0.0.1/", "EFORBIDDEN"},
	{"http://１２７.０.０.１/", "EFORBIDDEN"},
	{"http://①②⑦.0.0.1/", "EFORBIDDEN"},
	{"http://127。0。0。1/", "EFORBIDDEN"},
	{"http://127｡0｡0｡1/", "EFORBIDDEN"},
	{"http://%31%32%37.0.0.1/", "EFORBIDDEN"},
	{"http://0/", "EFORBIDDEN"},
	{"http://0.0.0.0/", "EFORBIDDEN"},
	{"http://00/", "EFORBIDDEN"},
	{"http://10.0.0.1/", "EFORBIDDEN"},
	{"http://192.168.1.1/", "EFORBIDDEN"},
	{"http://172.16.0.1/", "EFORBIDDEN"},
	{"http://100.64.0.1/", "EFORBIDDEN"},
	{"http://169.254.169.254/latest/meta-data/", "EFORBIDDEN"},
	{"http://2852039166/", "EFORBIDDEN"},
	{"http://0xa9fea9fe/", "EFORBIDDEN"},
	{"http://0251.0376.0251.0376/", "EFORBIDDEN"},
	{"http://168.63.129.16/", "EFORBIDDEN"},
	{"http://[::]/", "EFORBIDDEN"},
	{"http://[::1]/", "EFORBIDDEN"},
	{"http://[0:0:0:0:0:0:0:1]/", "EFORBIDDEN"},
	{"http://[::ffff:127.0.0.1]/", "EFORBIDDEN"},
	{"http://[::ffff:7f00:1]/", "EFORBIDDEN"},
	{"http://[::ffff:0:127.0.0.1]/", "EFORBIDDEN"},
	{"http://[::127.0.0.1]/", "EFORBIDDEN"},
	{"http://[::ffff:a9fe:a9fe]/", "EFORBIDDEN"},
	{"http://[64:ff9b::7f00:1]/", "EFORBIDDEN"},
	{"http://[64:ff9b::169.254.169.254]/", "EFORBIDDEN"},
	{"http://[64:ff9b:1::a00:1]/", "EFORBIDDEN"},
	{"http://[2002:7f00:1::]/", "EFORBIDDEN"},
	{"http://[2001:0:7f00:1::]/", "EFORBIDDEN"},
	{"http://[fd00:ec2::254]/", "EFORBIDDEN"},
	{"http://[fc00::1]/", "EFORBIDDEN"},
	{"http://[fe80::1]/", "EFORBIDDEN"},
	{"http://[fec0::1]/", "EFORBIDDEN"},
	{"http://[ff02::1]/", "EFORBIDDEN"},
	{"http://[2001:db8::1]/", "EFORBIDDEN"},
	{"http://255.255.255.255/", "EFORBIDDEN"},
	{"http://224.0.0.1/", "EFORBIDDEN"},
	{"http://192.0.2.1/", "EFORBIDDEN"},
	{"http://198.18.0.1/", "EFORBIDDEN"},

	{"http://[fe80::1%25eth0]/", "EURL"},
	{"http://[::1%25lo]/", "EURL"},
	{"http://[::1/", "EURL"},
	{"http://127.0.0.256/", "EURL"},
	{"http://1.2.3.4.5/", "EURL"},
	{"http://0x100000000/", "EURL"},
	{"http://127.0.0.1:99999/", "EURL"},
	{"http://a b/", "EURL"},
	{"http://ex\u0000ample.com/", "EURL"},
	{"http:///", "EURL"},
	{"/relative", "EURL"},
	{"", "EURL"},

	{"http://localhost/", "ENOTFOUND"},
	{"http://LOCALHOST/", "ENOTFOUND"},
	{"http://localhost./", "ENOTFOUND"},
	{"http://foo.localhost/", "ENOTFOUND"},
	{"http://kubernetes/", "ENOTFOUND"},
	{"http://postgres.default.svc.cluster.local/", "ENOTFOUND"},
	{"http://metadata.google.internal/", "ENOTFOUND"},
	{"http://inside.example/", "ENOTFOUND"},
	{"http://INSIDE.example./", "ENOTFOUND"},
	{"http://meta.example/", "ENOTFOUND"},
	{"http://six.example/", "ENOTFOUND"},
	{"http://mapped.example/", "ENOTFOUND"},
	{"http://nat64.example/", "ENOTFOUND"},
	{"http://missing.example/", "ENOTFOUND"},

	{"http://user@10.0.0.1/", "ECREDENTIALS"},
	{"http://user:pw@example.com/", "ECREDENTIALS"},
	{"http://example.com@127.0.0.1/", "ECREDENTIALS"},
	{"http://:@127.0.0.1/", "EFORBIDDEN"},

	{"file:///etc/passwd", "ESCHEME"},
	{"ftp://example.com/", "ESCHEME"},
	{"gopher://127.0.0.1:6379/_INFO", "ESCHEME"},
	{"data:text/plain,hi", "ESCHEME"},
	{"blob:http://example.com/1", "ESCHEME"},
	{"javascript:1", "ESCHEME"},
	{"ws://example.com/", "ESCHEME"},
	{"unix:///var/run/docker.sock", "ESCHEME"},

	{"http://1.1.1.1:22/", "EFORBIDDEN"},
	{"http://1.1.1.1:25/", "EFORBIDDEN"},
	{"http://1.1.1.1:6667/", "EFORBIDDEN"},
	{"http://1.1.1.1:0/", "EFORBIDDEN"},
	{"http://0300.0250.1.1/", "EFORBIDDEN"},
	{"http://0xc0.0xa8.0x1.0x1/", "EFORBIDDEN"},
	{"http://127.0.0.1%2e/", "EFORBIDDEN"},
	{"http://127%2e0%2e0%2e1/", "EFORBIDDEN"},
	{"http://0x7f.0x00000001/", "EFORBIDDEN"},
	{"http://[::ffff:0x7f.1]/", "EURL"},
	{"http://[0000:0000:0000:0000:0000:ffff:127.0.0.1]/", "EFORBIDDEN"},
	{"http://[::FFFF:7F00:0001]/", "EFORBIDDEN"},
	{"http://[2002:a9fe:a9fe::1]/", "EFORBIDDEN"},
	{"http://[2001:0:5ef5:79fd:0:59d:8000:1]/", "EFORBIDDEN"},
	{"http://[2606:4700::5efe:7f00:1]/", "EFORBIDDEN"},
	{"http://[fe80::a9fe:a9fe%25en0]/", "EURL"},
	{"http://1.1.1.1@127.0.0.1/", "ECREDENTIALS"},
	{"http://127.0.0.1#@example.com/", "EFORBIDDEN"},
	{"http://127.0.0.1?@example.com/", "EFORBIDDEN"},
	{"http://127.0.0.1\\@example.com/", "EFORBIDDEN"},
	{"http://example.com:80@127.0.0.1/", "ECREDENTIALS"},
	{"http://１０．０．０．１/", "EFORBIDDEN"},
	{"http://loc\u00adalhost/", "ENOTFOUND"},
	{"http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/", "ENOTFOUND"},
	{"http://169.254.169.254.:80/", "EFORBIDDEN"},
	{"http://[::ffff:100.100.100.200]/", "EFORBIDDEN"},
	{"http://100.100.100.200/", "EFORBIDDEN"},
	{"http://192.0.0.192/", "EFORBIDDEN"},
	{"http://192.88.99.1/", "EFORBIDDEN"},
	{"http://[fd20:ce::254]/", "EFORBIDDEN"},
	{"http://[fd00:c1::a9fe:a9fe]/", "EFORBIDDEN"},
	{"http://[100::1]/", "EFORBIDDEN"},
	{"http://[4000::1]/", "EFORBIDDEN"},
}

// inside gives a world the names that lead where no request may go.
func inside(w *world) {
	w.Name("inside.example", "10.0.0.5")
	w.Name("meta.example", "169.254.169.254")
	w.Name("six.example", "::1,fd00::1")
	w.Name("mapped.example", "::ffff:127.0.0.1")
	w.Name("nat64.example", "64:ff9b::7f00:1")
}

// TestNoSpellingReachesWhatIsForbidden: whatever an address looks like, what it
// means is what is checked, also for where a redirect leads.
func TestNoSpellingReachesWhatIsForbidden(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	inside(w)
	for _, row := range spellings {
		w.fails(egress.Request{URL: row.url}, row.code)
	}
	w.undialled()
	if len(spellings) < 120 {
		t.Errorf("there are %d spellings only", len(spellings))
	}
	w.Serve(t, "93.184.216.34:80", "redirects.test.example", http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		// By hand: a header is not the place for what the URL standard leaves out.
		to := strings.Map(func(c rune) rune {
			if c < ' ' {
				return -1
			}
			return c
		}, r.URL.Query().Get("to"))
		rw.Header()["Location"] = []string{to}
		rw.WriteHeader(http.StatusFound)
	}))
	for _, row := range spellings {
		if strings.ContainsAny(row.url, "\x00") || !strings.Contains(row.url, ":") {
			continue // No address of its own, or what no header can hold.
		}
		at := "http://redirects.test.example/?to=" + escape(row.url)
		res, err := w.get(at)
		f, ok := errors.AsType[*egress.Failure](err)
		// Of a base with the same scheme, http:x and http:/x are relative.
		relative := strings.HasPrefix(row.url, "http:1") || strings.HasPrefix(row.url, "http:/1")
		if !relative && (!ok || f.Code != row.code) {
			t.Errorf("a redirect to %q: got %+v, %v; want %s", row.url, res, err, row.code)
		}
	}
	for _, at := range w.Dialled() {
		if at != "93.184.216.34:80" {
			t.Errorf("a redirect had %s dialled", at)
		}
	}
}

// TestALegitimateAddressIsReached: the odd spelling of a public one is fine.
func TestALegitimateAddressIsReached(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.Serve(t, "93.184.216.34:80", "example.com", text("here"))
	w.Carry("93.184.216.34:8080", w.Serve(t, "93.184.216.34:3000", "bücher.example", text("here")).Listener.Addr().String())
	w.Name("xn--bcher-kva.example", "93.184.216.34")
	w.Name("both.example", "10.0.0.1,93.184.216.34")
	w.Carry("[2606:4700::1]:80", w.Serve(t, "93.184.216.35:80", "", text("here")).Listener.Addr().String())
	for _, url := range []string{
		"http://example.com/", "http://EXAMPLE.com", "http://example.com.", "http:example.com", "http://93.184.216.34/", "http://1572395042/",
		"http://0x5db8d822/", "http://93.184.216.34:3000/", "http://example.com:8080/a?b#c", "http://bücher.example/", "http://xn--bcher-kva.example:3000",
		"http://both.example/", "http://[2606:4700::1]/", "http://ｅxample.com/",
	} {
		if res := w.must(egress.Request{URL: url}); string(res.Body) != "here" || res.Status != 200 {
			t.Errorf("%s: %d %q", url, res.Status, res.Body)
		}
	}
}

// TestRebinding: the address that was checked is the one that is dialled, and
// each hop and each new connection is checked again.
func TestRebinding(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	closing := http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Connection", "close")
		_, _ = rw.Write([]byte("first"))
	})
	w.Serve(t, "93.184.216.34:80", "", closing)
	w.Name("rebind.example", "93.184.216.34", "127.0.0.1", "169.254.169.254", "::1")
	if res := w.must(egress.Request{URL: "http://rebind.example/"}); string(res.Body) != "first" {
		t.Errorf("got %q", res.Body)
	}
	for range 3 {
		w.fails(egress.Request{URL: "http://rebind.example/"}, "ENOTFOUND")
	}
	if got := w.Dialled(); !slices.Equal(got, []string{"93.184.216.34:80"}) {
		t.Errorf("dialled %q", got)
	}
}

func TestARedirectReachesNothingMore(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.Name("inside.example", "10.0.0.1")
	w.Serve(t, "93.184.216.34:80", "example.com", http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Location", r.URL.Query().Get("to"))
		rw.WriteHeader(http.StatusFound)
	}))
	for to, code := range map[string]string{
		"http://127.0.0.1/": "EFORBIDDEN", "http://169.254.169.254/": "EFORBIDDEN", "//[::1]/": "EFORBIDDEN", "http://0x7f.1/": "EFORBIDDEN",
		"http://inside.example/": "ENOTFOUND", "http://localhost/": "ENOTFOUND", "file:///etc/passwd": "ESCHEME", "data:,x": "ESCHEME",
		"http://a:b@example.com/": "ECREDENTIALS", "http://example.com:22/": "EFORBIDDEN", "http://[::1": "EURL", "\\\\127.0.0.1\\": "EFORBIDDEN",
	} {
		w.fails(egress.Request{URL: "http://example.com/?to=" + escape(to)}, code)
	}
	for _, at := range w.Dialled() {
		if at != "93.184.216.34:80" {
			t.Errorf("dialled %s", at)
		}
	}
}

// A failure tells no address that the script did not give.
func TestAFailureTellsNoAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.Name("inside.example", "10.11.12.13")
	w.Name("closed.example", "93.184.216.77")
	for url, code := range map[string]string{"http://inside.example/": "ENOTFOUND", "http://closed.example/": "ECONNREFUSED"} {
		f := w.failure(egress.Request{URL: url}, code)
		said := f.Fault().Message
		if strings.Contains(said, "10.11") || strings.Contains(said, "93.184") || !strings.HasPrefix(said, "fetch failed: ") {
			t.Errorf("%s: %q", url, said)
		}
	}
	// A name that leads inside looks like one that does not exist.
	a, b := w.failure(egress.Request{URL: "http://inside.example/"}, "ENOTFOUND"), w.failure(egress.Request{URL: "http://nowhere.example/"}, "ENOTFOUND")
	if strings.ReplaceAll(a.Text, "inside", "") != strings.ReplaceAll(b.Text, "nowhere", "") {
		t.Errorf("%q and %q tell names apart", a.Text, b.Text)
	}
}

// TestTheRealDialerChecksAgain: with the machine's own network, loopback stays
// shut below the resolver, too.
func TestTheRealDialerChecksAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *egress.Config) { c.Dial = nil; c.Resolver = nil })
	reached := false
	s := w.Serve(t, "93.184.216.34:80", "", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	at := netip.MustParseAddrPort(s.Listener.Addr().String())
	w.fails(egress.Request{URL: "http://" + at.String() + "/"}, "EFORBIDDEN")
	w.fails(egress.Request{URL: "http://localhost:8080/"}, "ENOTFOUND")
	if reached {
		t.Error("the server on loopback was reached")
	}
}
