package egress_test

import (
	"context"
	"net/netip"
	"testing"

	"github.com/flora-runtime/flora-runtime/pkg/egress"
)

// FuzzAddress: whatever is given as a URL, only what the policy calls public is
// dialled, on an allowed port.
func FuzzAddress(f *testing.F) {
	for _, s := range []string{
		"http://example.com/", "http://0x7f.1/", "http://[::ffff:127.0.0.1]:8080/", "http://１２７.1", "http:\\\\a@b:1/?#", "https://user:pw@h", "http://%31.1", "http://[fe80::1%25a]/",
		"http://1.1.1.1:65535", "http://xn--a/", "ht\ntp:a.b", "//a", "http://a.b:80:80/", "http://[::1", "http://4294967295",
	} {
		f.Add(s)
	}
	policy := egress.NewPolicy(nil, nil)
	f.Fuzz(func(t *testing.T, url string) {
		w := newWorld(t, nil)
		client := egress.New(egress.Config{Limits: egress.DefaultLimits(), Resolver: anywhere{}, Dial: w.Dial, Policy: policy})
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		res, err := client.Do(ctx, guildA, egress.Request{URL: url})
		if err == nil {
			t.Fatalf("%q: there is no server, and yet %+v", url, res)
		}
		for _, at := range w.Dialled() {
			to := netip.MustParseAddrPort(at)
			if v := policy.Check(to.Addr()); v != egress.Public || to.Port() < 1024 && to.Port() != 80 && to.Port() != 443 {
				t.Errorf("%q: %s was dialled, which is %s", url, at, v)
			}
		}
	})
}

// anywhere answers every name with addresses of all kinds.
type anywhere struct{}

func (anywhere) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	var out []netip.Addr
	for _, a := range []string{"127.0.0.1", "::ffff:10.0.0.1", "169.254.169.254", "1.2.3.4", "::ffff:1.2.3.5", "fe80::1%lo", "::1", "2606:4700::1"} {
		out = append(out, netip.MustParseAddr(a))
	}
	return out, nil
}
