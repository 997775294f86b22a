package egress_test

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/flora-runtime/flora-runtime/pkg/egress"
)

// zone is a name server: what a name is another one for, and the addresses of
// the others.
type zone struct {
	aliases   map[string]string
	addresses map[string]string
}

// serve answers over UDP and gives a resolver that asks there.
func (z *zone) serve(t *testing.T) *net.Resolver {
	t.Helper()
	at, err := (&net.ListenConfig{}).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		b := make([]byte, 1500)
		for {
			n, from, err := at.ReadFrom(b)
			if err != nil {
				return
			}
			if answer := z.answer(b[:n]); answer != nil {
				_, _ = at.WriteTo(answer, from)
			}
		}
	}()
	t.Cleanup(func() {
		_ = at.Close()
		<-done
	})
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", at.LocalAddr().String())
	}}
}

func (z *zone) answer(question []byte) []byte {
	var q dnsmessage.Message
	if q.Unpack(question) != nil || len(q.Questions) != 1 {
		return nil
	}
	out := dnsmessage.Message{Header: dnsmessage.Header{ID: q.ID, Response: true, RecursionAvailable: true, RCode: dnsmessage.RCodeNameError}, Questions: q.Questions}
	name, kind := strings.TrimSuffix(q.Questions[0].Name.String(), "."), q.Questions[0].Type
	for {
		head := dnsmessage.ResourceHeader{Name: dnsmessage.MustNewName(name + "."), Class: dnsmessage.ClassINET, TTL: 1}
		to, alias := z.aliases[name]
		if !alias {
			a, err := netip.ParseAddr(z.addresses[name])
			if err == nil {
				out.RCode = dnsmessage.RCodeSuccess
			}
			switch {
			case a.Is4() && kind == dnsmessage.TypeA:
				out.Answers = append(out.Answers, dnsmessage.Resource{Header: head, Body: &dnsmessage.AResource{A: a.As4()}})
			case a.Is6() && kind == dnsmessage.TypeAAAA:
				out.Answers = append(out.Answers, dnsmessage.Resource{Header: head, Body: &dnsmessage.AAAAResource{AAAA: a.As16()}})
			}
			break
		}
		out.Answers = append(out.Answers, dnsmessage.Resource{Header: head, Body: &dnsmessage.CNAMEResource{CNAME: dnsmessage.MustNewName(to + ".")}})
		name = to
	}
	b, err := out.Pack()
	if err != nil {
		return nil
	}
	return b
}

// TestAliasesLeadWhereTheyLead asks a real name server: however many names lead
// to a name, its address is what counts.
func TestAliasesLeadWhereTheyLead(t *testing.T) {
	t.Parallel()
	z := &zone{
		aliases: map[string]string{
			"one.example": "two.example", "two.example": "three.example", "three.example": "localhost",
			"meta.example": "metadata.inside.example", "six.example": "loop6.example", "fine.example": "cdn.example", "cdn.example": "edge.example", "mapped.example": "m.example",
		},
		addresses: map[string]string{
			"localhost": "127.0.0.1", "metadata.inside.example": "169.254.169.254", "loop6.example": "::1", "edge.example": "93.184.216.34",
			"m.example": "::ffff:10.0.0.1", "plain.example": "192.168.0.1",
		},
	}
	w := newWorld(t, func(c *egress.Config) { c.Resolver = z.serve(t) })
	w.Serve(t, "93.184.216.34:80", "", text("here"))
	for _, name := range []string{"one", "two", "three", "meta", "six", "mapped", "plain", "missing"} {
		w.fails(egress.Request{URL: "http://" + name + ".example/"}, "ENOTFOUND")
	}
	w.undialled()
	if res := w.must(egress.Request{URL: "http://fine.example/"}); string(res.Body) != "here" {
		t.Errorf("got %q", res.Body)
	}
	if got := w.Dialled(); !slices.Equal(got, []string{"93.184.216.34:80"}) {
		t.Errorf("dialled %q", got)
	}
}
