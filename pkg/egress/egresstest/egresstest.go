// Package egresstest is a small internet for tests of what goes out: names lead
// to public addresses, and connections to those to servers on loopback. The
// policy of addresses stays the real one; only what it allowed gets here.
package egresstest

import (
	"context"
	"crypto/x509"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// Net is that internet.
type Net struct {
	mu      sync.Mutex // Guards all.
	names   map[string][][]netip.Addr
	servers map[string]string // "address:port" to where it really is.
	dialled []string
	lookups map[string]int
	roots   *x509.CertPool
}

// New makes an empty one.
func New() *Net {
	return &Net{names: map[string][][]netip.Addr{}, servers: map[string]string{}, lookups: map[string]int{}, roots: x509.NewCertPool()}
}

// Name has a name answer addresses; of several answers each lookup takes the
// next, and the last one stays.
func (n *Net) Name(name string, answers ...string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, a := range answers {
		var addrs []netip.Addr
		for one := range strings.SplitSeq(a, ",") {
			addrs = append(addrs, netip.MustParseAddr(one))
		}
		n.names[name] = append(n.names[name], addrs)
	}
}

// Serve starts a server at a public address and port; a name, if given, leads
// there.
func (n *Net) Serve(tb testing.TB, at, name string, h http.Handler) *httptest.Server {
	tb.Helper()
	return n.start(tb, at, name, httptest.NewUnstartedServer(h), false)
}

// ServeTLS is Serve with TLS and HTTP/2. The certificate is for example.com.
func (n *Net) ServeTLS(tb testing.TB, at, name string, h http.Handler) *httptest.Server {
	tb.Helper()
	s := httptest.NewUnstartedServer(h)
	s.EnableHTTP2 = true
	return n.start(tb, at, name, s, true)
}

func (n *Net) start(tb testing.TB, at, name string, s *httptest.Server, tls bool) *httptest.Server {
	if tls {
		s.StartTLS()
		n.mu.Lock()
		n.roots.AddCert(s.Certificate())
		n.mu.Unlock()
	} else {
		s.Start()
	}
	tb.Cleanup(func() { s.CloseClientConnections(); s.Close() })
	n.Carry(at, s.Listener.Addr().String())
	if name != "" {
		n.Name(name, netip.MustParseAddrPort(at).Addr().String())
	}
	return s
}

// Carry has connections to a public address and port go to a real one.
func (n *Net) Carry(at, real string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.servers[at] = real
}

// Roots verify the servers with TLS.
func (n *Net) Roots() *x509.CertPool { return n.roots }

// LookupNetIP implements egress.Resolver.
func (n *Net) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	name := strings.TrimSuffix(host, ".")
	answers := n.names[name]
	if len(answers) == 0 {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	at := min(n.lookups[name], len(answers)-1)
	n.lookups[name]++
	return answers[at], nil
}

// Dial is an egress.DialFunc.
func (n *Net) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	n.mu.Lock()
	n.dialled = append(n.dialled, address)
	real, ok := n.servers[address]
	n.mu.Unlock()
	if !ok {
		return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.ECONNREFUSED}
	}
	var d net.Dialer
	return d.DialContext(ctx, network, real)
}

// Dialled lists the addresses that were dialled, in order.
func (n *Net) Dialled() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]string(nil), n.dialled...)
}
