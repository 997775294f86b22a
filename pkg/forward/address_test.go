package forward

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// TestOddAddressesReachTheOwner: whatever a client calls the host, and however it
// writes its request's target, the ticket holds. Else the request would be an
// ordinary one there, and its caller the first replica.
func TestOddAddressesReachTheOwner(t *testing.T) {
	t.Parallel()
	w := &world{}
	var host, target, id string
	edge := w.start(t, "a", options{}, nobody)
	w.start(t, "b", options{}, func(_ http.ResponseWriter, r *http.Request) {
		host, target, id = r.Host, r.URL.RequestURI(), ID(r.Context())
	})
	w.give("b")
	for _, row := range []struct{ line, header, host, target string }{
		{"/x", "bot.example", "bot.example", "/x"},
		{"/x", "BOT.example.:80", "BOT.example.:80", "/x"},
		{"/x", "[fe80::1%25eth0]:80", "[fe80::1%25eth0]:80", "/x"},
		{"/x", "[fe80::1%eth0]", "[fe80::1%eth0]", "/x"},
		{"/x", "", "", "/x"},
		{"/x", "a%41;b", "a%41;b", "/x"},
		{"http://other.example/x", "bot.example", "other.example", "/x"},
		{"http://b%C3%BCcher.example/x", "bot.example", "bücher.example", "/x"},
		{"http://[fe80::1%25eth0]/x", "bot.example", "[fe80::1%eth0]", "/x"},
		{"//other.example/x", "bot.example", "bot.example", "//other.example/x"},
		{"/a%2f..//b/./?&x=%zz;#y", "bot.example", "bot.example", "/a%2f..//b/./?&x=%zz;#y"},
		{"/\xc3\xbc|{}?\xc3\xbc|{}", "bot.example", "bot.example", "/%C3%BC%7C%7B%7D?\xc3\xbc|{}"},
		{"/x?", "bot.example", "bot.example", "/x?"},
	} {
		host, target, id = "not reached", "", ""
		conn, err := net.Dial("tcp", strings.TrimPrefix(edge.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", row.line, row.header)
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(res.Body)
		_ = conn.Close()
		if res.StatusCode != http.StatusOK || host != row.host || target != row.target || id != "a-id" {
			t.Errorf("%q, host %q: status %d %q, the owner got %q of %q, id %q", row.line, row.header, res.StatusCode, text, target, host, id)
		}
	}
}
