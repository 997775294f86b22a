package egress_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/egress"
)

// What a server can send, and what comes of it: the messages, how it ended for
// the script, and what the server is told.
func TestSocketProtocol(t *testing.T) {
	t.Parallel()
	const reset = `1006 "" clean=false ECONNRESET`
	const broken = `1006 "" clean=false EPROTO`
	for name, row := range map[string]struct {
		sent, got, end, told string
	}{
		"text":                          {frame(fin|text1, "hä") + closing(1000, "bye"), "t:hä", `1000 "bye" clean=true`, "close 1000"},
		"binary":                        {frame(fin|binary2, "\x00\xff") + closing(4999, ""), "b:\x00\xff", `4999 "" clean=true`, "close 4999"},
		"empty messages":                {frame(fin|text1, "") + frame(fin|binary2, "") + closing(1000, ""), "t:|b:", `1000 "" clean=true`, "close 1000"},
		"lengths":                       {frame(fin|text1, strings.Repeat("x", 125)) + frame(fin|text1, strings.Repeat("y", 126)) + closing(1000, ""), "t:" + strings.Repeat("x", 125) + "|t:" + strings.Repeat("y", 126), `1000 "" clean=true`, "close 1000"},
		"long":                          {frame(fin|binary2, strings.Repeat("x", 70_000)) + closing(1000, ""), "b:" + strings.Repeat("x", 70_000), `1000 "" clean=true`, "close 1000"},
		"fragments":                     {frame(text1, "a") + frame(goesOn, "") + frame(goesOn, "b") + frame(fin|goesOn, "c") + closing(1000, ""), "t:abc", `1000 "" clean=true`, "close 1000"},
		"a character in two fragments":  {frame(text1, "\xe2\x82") + frame(fin|goesOn, "\xac") + closing(1000, ""), "t:€", `1000 "" clean=true`, "close 1000"},
		"a ping between fragments":      {frame(text1, "a") + frame(fin|ping, "p") + frame(fin|goesOn, "b") + closing(1000, ""), "t:ab", `1000 "" clean=true`, "close 1000"},
		"a pong nobody asked for":       {frame(fin|pong, "x") + frame(fin|text1, "a") + closing(1000, ""), "t:a", `1000 "" clean=true`, "close 1000"},
		"close without a code":          {frame(fin|closes, ""), "", `1005 "" clean=true`, "close"},
		"close with the longest reason": {closing(1000, strings.Repeat("r", 123)), "", `1000 "` + strings.Repeat("r", 123) + `" clean=true`, "close 1000"},
		"data after the close":          {closing(1000, "") + frame(fin|text1, "late"), "", `1000 "" clean=true`, "close 1000"},
		"going away":                    {closing(1001, ""), "", `1001 "" clean=true`, "close 1001"},
		"internal error":                {closing(1011, ""), "", `1011 "" clean=true`, "close 1011"},
		"registered code":               {closing(3000, ""), "", `3000 "" clean=true`, "close 3000"},

		"bad UTF-8":                   {frame(fin|text1, "a\xff"), "", broken, "close 1007"},
		"half a character":            {frame(fin|text1, "\xe2\x82"), "", broken, "close 1007"},
		"a surrogate":                 {frame(fin|text1, "\xed\xa0\x80"), "", broken, "close 1007"},
		"bad UTF-8 in fragments":      {frame(text1, "a") + frame(fin|goesOn, "\xc0\x80"), "", broken, "close 1007"},
		"bad UTF-8 in a reason":       {closing(1000, "\xff"), "", broken, "close 1002"},
		"code 999":                    {closing(999, ""), "", broken, "close 1002"},
		"code 1004":                   {closing(1004, ""), "", broken, "close 1002"},
		"code 1005":                   {closing(1005, ""), "", broken, "close 1002"},
		"code 1006":                   {closing(1006, ""), "", broken, "close 1002"},
		"code 1015":                   {closing(1015, ""), "", broken, "close 1002"},
		"code 1016":                   {closing(1016, ""), "", broken, "close 1002"},
		"code 2999":                   {closing(2999, ""), "", broken, "close 1002"},
		"code 5000":                   {closing(5000, ""), "", broken, "close 1002"},
		"code 65535":                  {closing(65535, ""), "", broken, "close 1002"},
		"a long ping":                 {frame(fin|ping, strings.Repeat("x", 126)), "", broken, "close 1002"},
		"a long close":                {closing(1000, strings.Repeat("r", 124)), "", broken, "close 1002"},
		"a ping in fragments":         {frame(ping, "x"), "", broken, "close 1002"},
		"a close in fragments":        {frame(closes, ""), "", broken, "close 1002"},
		"opcode 3":                    {frame(fin|3, "x"), "", broken, "close 1002"},
		"opcode 15":                   {frame(fin|15, "x"), "", broken, "close 1002"},
		"reserved bit 1":              {frame(fin|0x40|text1, "x"), "", broken, "close 1002"},
		"reserved bit 2":              {frame(fin|0x20|text1, "x"), "", broken, "close 1002"},
		"reserved bit 3":              {frame(fin|0x10|text1, "x"), "", broken, "close 1002"},
		"a continuation of nothing":   {frame(fin|goesOn, "x"), "", broken, "close 1002"},
		"a message inside another":    {frame(text1, "a") + frame(fin|text1, "b"), "", broken, "close 1002"},
		"a masked frame":              {"\x81\x81\x00\x00\x00\x00x", "", broken, "close 1002"},
		"a length of 2^63":            {"\x82\x7f\x80\x00\x00\x00\x00\x00\x00\x00", "", `1006 "" clean=false EMESSAGE`, "close 1009"},
		"a message that is too long":  {"\x82\x7f\x00\x00\x00\x00\x00\x10\x00\x01", "", `1006 "" clean=false EMESSAGE`, "close 1009"},
		"fragments that are too long": {frame(binary2, strings.Repeat("x", 1<<20)) + frame(fin|goesOn, "x"), "", `1006 "" clean=false EMESSAGE`, "close 1009"},
		"not a word":                  {"", "", reset, "nothing"},
		"cut after the first byte":    {"\x81", "", reset, "nothing"},
		"cut in a message":            {frame(fin|text1, "a") + "\x81\x05hel", "t:a", reset, "nothing"},
		"cut between fragments":       {frame(text1, "a"), "", reset, "nothing"},
		"cut in a long length":        {"\x82\x7f\x00\x00", "", reset, "nothing"},
		"rubbish":                     {"HTTP/1.1 200 OK\r\n\r\n", "", broken, "close 1002"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(c *egress.Config) { c.Limits.Sockets.MessageBytes = 1 << 20 })
			told := make(chan string, 1)
			w.Serve(t, "93.184.216.34:80", "example.com", http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				p := switched(t, rw, r)
				go func() {
					_ = p.send(row.sent)
					if row.told == "nothing" {
						_ = p.c.(*net.TCPConn).CloseWrite() //nolint:forcetypeassert // It is one.
					}
					told <- p.last()
					_ = p.c.Close()
				}()
			}))
			s := w.mustOpen("ws://example.com/")
			defer s.Release()
			all, end := w.rest(s)
			if diff := cmp.Diff([]string{row.got, row.end, row.told}, []string{strings.Join(all, "|"), summary(end), <-told}); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// What a server can answer to the handshake.
func TestSocketHandshake(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *egress.Config) { c.Limits.Timeout = 5 * time.Second })
	raw := func(answer string) http.HandlerFunc {
		return func(rw http.ResponseWriter, _ *http.Request) {
			c, _, err := http.NewResponseController(rw).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			_, _ = io.WriteString(c, answer)
			_ = c.Close()
		}
	}
	with := func(extra ...string) http.HandlerFunc {
		return func(rw http.ResponseWriter, r *http.Request) { _ = switched(t, rw, r, extra...).c.Close() }
	}
	mux := http.NewServeMux()
	w.Serve(t, "93.184.216.34:80", "example.com", mux)
	for path, row := range map[string]struct {
		h    http.HandlerFunc
		code string
	}{
		"/redirect": {func(rw http.ResponseWriter, r *http.Request) { http.Redirect(rw, r, "/ok", http.StatusFound) }, "EREDIRECT"},
		"/307": {func(rw http.ResponseWriter, r *http.Request) {
			http.Redirect(rw, r, "ws://example.com/ok", http.StatusTemporaryRedirect)
		}, "EREDIRECT"},
		"/200":       {text("hi"), "ESTATUS"},
		"/401":       {func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusUnauthorized) }, "ESTATUS"},
		"/500":       {func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusInternalServerError) }, "ESTATUS"},
		"/accept":    {raw("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: AAAA\r\n\r\n"), "EPROTO"},
		"/upgrade":   {raw("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\r\n"), "EPROTO"},
		"/extension": {with("Sec-WebSocket-Extensions: permessage-foo"), "EPROTO"},
		"/deflate":   {with("Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover"), "EPROTO"},
		"/unasked":   {with("Sec-WebSocket-Protocol: other"), "EPROTO"},
		"/case":      {with("Sec-WebSocket-Protocol: CHAT"), "EPROTO"},
		"/both":      {with("Sec-WebSocket-Protocol: chat", "Sec-WebSocket-Protocol: two"), "EPROTO"},
		"/list":      {with("Sec-WebSocket-Protocol: chat, two"), "EPROTO"},
		"/closed":    {raw(""), "ECONNRESET"},
		"/cut":       {raw("HTTP/1.1 101 Swi"), "ECONNRESET"},
		"/rubbish":   {raw("hello\r\n\r\n"), "EPROTO"},
		"/headers":   {raw("HTTP/1.1 101 Switching Protocols\r\n" + strings.Repeat("X: "+strings.Repeat("y", 1000)+"\r\n", 70)), "EHEADERS"},
		"/endless":   {raw("HTTP/1.1 101 Switching Protocols\r\nX: " + strings.Repeat("y", 1<<20)), "EHEADERS"},
	} {
		mux.HandleFunc(path, row.h)
		w.openFails("ws://example.com"+path, row.code, "chat", "two")
	}
	mux.HandleFunc("/ok", with())
	mux.HandleFunc("/two", with("Sec-WebSocket-Protocol: two"))
	for path, want := range map[string]string{"/ok": "", "/two": "two"} {
		s := w.mustOpen("ws://example.com"+path, "chat", "two")
		if s.Protocol() != want {
			t.Errorf("%s: the protocol is %q", path, s.Protocol())
		}
		s.Release()
	}
	w.openFails("ws://example.com/ok", "EPROTOCOL", "a b")
	w.openFails("ws://example.com/ok", "EPROTOCOL", "a,b")
	w.openFails("ws://example.com/ok", "EPROTOCOL", "")
	w.openFails("ws://example.com/ok", "EPROTOCOL", strings.Split(strings.Repeat("x,", 33), ",")...)
	w.openFails("ws://example.com:81/", "EFORBIDDEN")
	w.openFails("ws://example.com:6667/", "EFORBIDDEN")
	w.openFails("ws://u:p@example.com/", "ECREDENTIALS")
	w.openFails("http://example.com/ok", "ESCHEME")
	w.openFails("wsx://example.com/ok", "ESCHEME")
	w.openFails("ws://example.com:8080/", "ECONNREFUSED")
	w.openFails("ws://none.example/", "ENOTFOUND")
}

// The handshake is what was asked for, and nothing that the guild did not say.
func TestSocketRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	got := make(chan *http.Request, 1)
	w.ServeTLS(t, "93.184.216.34:443", "example.com", http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		got <- r
		_ = switched(t, rw, r).send(closing(1000, ""))
	}))
	s := w.mustOpen("wss://example.com/a%20b?c=d", "x", "y")
	defer s.Release()
	r := <-got
	r.Header.Del("Sec-Websocket-Key")
	want := http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"}, "Sec-Websocket-Protocol": {"x, y"}, "User-Agent": {"Flora/test"}}
	if diff := cmp.Diff(want, r.Header); diff != "" || r.RequestURI != "/a%20b?c=d" || r.Host != "example.com" || r.ProtoMajor != 1 {
		t.Errorf("%s %s %s\n(-want +got):\n%s", r.Host, r.Proto, r.RequestURI, diff)
	}
}

func TestSocketReachesNothingForbidden(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.Name("inside.example", "10.0.0.5")
	w.Name("six.example", "::1,fd00::1")
	for url, code := range map[string]string{
		"ws://127.0.0.1/": "EFORBIDDEN", "wss://127.1/": "EFORBIDDEN", "ws://2130706433/": "EFORBIDDEN", "ws://0x7f.1/": "EFORBIDDEN",
		"ws://017700000001/": "EFORBIDDEN", "ws://１２７.０.０.１/": "EFORBIDDEN", "ws://127。0。0。1/": "EFORBIDDEN", "ws://%31%32%37.0.0.1/": "EFORBIDDEN",
		"ws://[::1]/": "EFORBIDDEN", "ws://[::ffff:127.0.0.1]/": "EFORBIDDEN", "ws://[64:ff9b::7f00:1]/": "EFORBIDDEN", "ws://[2002:7f00:1::]/": "EFORBIDDEN",
		"ws://169.254.169.254/latest/": "EFORBIDDEN", "ws://10.0.0.1/": "EFORBIDDEN", "ws://100.64.0.1/": "EFORBIDDEN", "ws:127.0.0.1": "EFORBIDDEN",
		"ws:\\\\127.0.0.1\\": "EFORBIDDEN", "ws://0/": "EFORBIDDEN", "ws://127.0.0.1./": "EFORBIDDEN",
		"ws://localhost/": "ENOTFOUND", "ws://inside.example/": "ENOTFOUND", "ws://six.example/": "ENOTFOUND", "wss://inside.example./": "ENOTFOUND",
	} {
		w.openFails(url, code)
	}
	w.undialled()
}

// A name that leads elsewhere the next time gains nothing.
func TestSocketRebinding(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.Serve(t, "93.184.216.34:80", "", http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { _ = switched(t, rw, r).send(closing(1000, "")) }))
	w.Name("moves.example", "93.184.216.34", "127.0.0.1")
	s := w.mustOpen("ws://moves.example/")
	s.Release()
	w.openFails("ws://moves.example/", "ENOTFOUND")
	if diff := cmp.Diff([]string{"93.184.216.34:80"}, w.Dialled()); diff != "" {
		t.Error(diff)
	}
}

// What was given up while it was being opened is let go of.
func TestSocketGivenUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	arrived, left := make(chan bool), make(chan bool)
	w.Serve(t, "93.184.216.34:80", "example.com", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		arrived <- true
		<-r.Context().Done()
		left <- true
	}))
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-arrived
		cancel()
	}()
	_, err := w.client.OpenSocket(ctx, t.Context(), guildA, egress.SocketRequest{URL: "ws://example.com/"})
	if f, ok := err.(*egress.Failure); !ok || f.Code != "ABORTED" { //nolint:errorlint // It is one.
		t.Errorf("got %v", err)
	}
	<-left
}
