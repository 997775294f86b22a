package egress_test

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/flora-runtime/flora-runtime/pkg/egress"
)

// TestNoSpellingReachesWhatIsForbidden: whatever an address looks like, what it
// means is what is checked.
func TestNoSpellingReachesWhatIsForbidden(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.Name("inside.example", "10.0.0.5")
	w.Name("meta.example", "169.254.169.254")
	w.Name("six.example", "::1,fd00::1")
	w.Name("mapped.example", "::ffff:127.0.0.1")
	w.Name("nat64.example", "64:ff9b::7f00:1")
	for _, row := range []struct{ url, code string }{
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
	} {
		w.fails(egress.Request{URL: row.url}, row.code)
	}
	w.undialled()
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
