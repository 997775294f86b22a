package api_test

import (
	"bufio"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/api"
)

// TestConnectionsOfOneAddress: the 3 of 24 that one address gets work, or all 3
// that a proxy gets; more are closed, and one that ends makes room.
func TestConnectionsOfOneAddress(t *testing.T) {
	t.Parallel()
	t.Run("address", func(t *testing.T) { t.Parallel(); threeConnections(t, 24) })
	t.Run("proxy", func(t *testing.T) { t.Parallel(); threeConnections(t, 3, netip.MustParsePrefix("127.0.0.0/8")) })
}

func threeConnections(t *testing.T, total int, proxies ...netip.Prefix) {
	t.Helper()
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	api.Limited(server.Config, total, proxies...)
	server.Start()
	t.Cleanup(server.Close)
	ask := func() (net.Conn, bool) {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		_ = conn.SetDeadline(time.Now().Add(patience))
		_, _ = conn.Write([]byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n")) // It may be closed by now.
		line, err := bufio.NewReader(conn).ReadString('\n')
		return conn, err == nil && line == "HTTP/1.1 404 Not Found\r\n"
	}
	var open []net.Conn
	for i := range 3 {
		conn, ok := ask()
		if !ok {
			t.Fatalf("connection %d is not served", i)
		}
		open = append(open, conn)
	}
	if _, ok := ask(); ok {
		t.Error("a fourth connection is served")
	}
	_ = open[0].Close()
	for end := time.Now().Add(patience); ; {
		if _, ok := ask(); ok {
			break
		}
		if time.Now().After(end) {
			t.Fatal("a connection that ended makes no room")
		}
	}
}

func TestNeighbourhoods(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"203.0.113.7": "203.0.113.7", "::ffff:203.0.113.7": "203.0.113.7",
		"2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "2001:db8:1:2::1": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64",
	} {
		if got := api.Neighbourhood(address); got != want {
			t.Errorf("%s is counted as %s, want %s", address, got, want)
		}
	}
}
