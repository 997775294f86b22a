package egress_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/andybalholm/brotli"

	"github.com/flora-runtime/flora-runtime/pkg/egress"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// open makes a request whose response is a stream.
func (w *world) open(guild snowflake.GuildID, r egress.Request) (*egress.Response, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	w.t.Cleanup(cancel)
	res, err := w.client.Open(ctx, guild, r)
	if err == nil && res.Stream != nil {
		w.t.Cleanup(res.Stream.Close)
	}
	return res, err
}

// drain reads a stream to its end and gives how much there was.
func drain(s *egress.Stream) (out []byte, err error) {
	for {
		b, last, err := s.Next(context.Background())
		out = append(out, b...)
		if last || err != nil {
			return out, err
		}
	}
}

func code(err error) string {
	if err == nil {
		return ""
	}
	if f, ok := errors.AsType[*egress.Failure](err); ok {
		return f.Code
	}
	return err.Error()
}

// idle waits until nothing of any request is left.
func (w *world) idle() {
	w.t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		u := w.client.Usage()
		if u.Requests == 0 && u.HeldBytes == 0 {
			return
		}
		if time.Now().After(end) {
			w.t.Fatalf("there is still %+v", u)
		}
	}
}

// raw writes to a connection by hand.
func raw(f func(c net.Conn)) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		c, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			f(c)
			_ = c.Close()
		}
	}
}

const mib = 1 << 20

// TestHostileBodies: whatever a server sends ends by a limit, with what came
// before it where that was fine, and leaves nothing behind.
func TestHostileBodies(t *testing.T) {
	t.Parallel()
	var zeros, zerosBr bytes.Buffer
	zip := gzip.NewWriter(&zeros)
	br := brotli.NewWriterLevel(&zerosBr, brotli.BestSpeed)
	for range 20 {
		_, _ = zip.Write(make([]byte, mib))
		_, _ = br.Write(make([]byte, mib))
	}
	_, _ = zip.Close(), br.Close()
	encoded := func(as string, b []byte) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", as)
			_, _ = w.Write(b)
		}
	}
	drip := func(c net.Conn, what string) {
		for {
			if _, err := c.Write([]byte(what)); err != nil {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
	for name, row := range map[string]struct {
		serve http.HandlerFunc
		head  string // How Open fails, if it does,
		code  string // or the body.
		whole bool
		most  int // Bytes before that.
		first string
	}{
		"a bomb of gzip":     {serve: encoded("gzip", zeros.Bytes()), code: "EDECODE", most: 17 * mib},
		"a bomb of brotli":   {serve: encoded("br", zerosBr.Bytes()), code: "EDECODE", most: 17 * mib},
		"a bomb, whole":      {serve: encoded("gzip", zeros.Bytes()), code: "EBODY", whole: true, most: 9 * mib},
		"four compressions":  {serve: encoded("gzip,gzip,gzip,gzip", zeros.Bytes()), code: "EDECODE"},
		"no gzip":            {serve: encoded("gzip", []byte("nonsense")), code: "EDECODE"},
		"an endless body":    {serve: endlessly, code: "EBODY", whole: true, most: 9 * mib},
		"a body that is cut": {serve: raw(func(c net.Conn) { _, _ = c.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nfirst")) }), code: "ECONNRESET", first: "first"},
		"chunks that are cut": {serve: raw(func(c net.Conn) {
			_, _ = c.Write([]byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n10\r\nx"))
		}), code: "ECONNRESET", first: "firstx"},
		"chunks that are none": {serve: raw(func(c net.Conn) {
			_, _ = c.Write([]byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\nzzz\r\n"))
		}), code: "EPROTO", first: "first"},
		"a reset": {serve: raw(func(c net.Conn) {
			_, _ = c.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"))
			if tcp, ok := c.(*net.TCPConn); ok {
				_ = tcp.SetLinger(0)
			}
		}), code: "ECONNRESET"},
		"no head": {serve: raw(func(net.Conn) {}), head: "ECONNRESET"},
		"no HTTP": {serve: raw(func(c net.Conn) { _, _ = c.Write([]byte("220 smtp.example ESMTP\r\n")) }), head: "EPROTO"},
		"a flood of heads": {serve: raw(func(c net.Conn) {
			_, _ = c.Write([]byte("HTTP/1.1 200 OK\r\n" + strings.Repeat("X-A: "+strings.Repeat("a", 100)+"\r\n", 2000)))
		}), head: "EHEADERS"},
		"hints without end": {serve: raw(func(c net.Conn) {
			for range 10_000 {
				if _, err := c.Write([]byte("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")); err != nil {
					return
				}
			}
		}), head: "EHEADERS"},
		"a head in drips": {serve: raw(func(c net.Conn) {
			_, _ = c.Write([]byte("HTTP/1.1 200 OK\r\nX: "))
			drip(c, "a")
		}), head: "ETIMEDOUT"},
		"a length that lies": {serve: raw(func(c net.Conn) { _, _ = c.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nx")) }), head: "EPROTO"},
		"two lengths": {serve: raw(func(c net.Conn) {
			_, _ = c.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxy"))
		}), head: "EPROTO"},
		"silence": {serve: raw(func(c net.Conn) { _, _ = c.Read(make([]byte, 1)) }), head: "ETIMEDOUT"},
		"a body that stops": {serve: raw(func(c net.Conn) {
			_, _ = c.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nfirst"))
			_, _ = c.Read(make([]byte, 1))
		}), code: "ETIMEDOUT", first: "first"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(c *egress.Config) {
				c.Limits.Timeout, c.Limits.Idle = patience, patience
				if row.head == "ETIMEDOUT" {
					c.Limits.Timeout = 500 * time.Millisecond
				}
				if row.code == "ETIMEDOUT" {
					c.Limits.Idle = 500 * time.Millisecond
				}
			})
			w.Serve(t, "93.184.216.34:80", "example.com", row.serve)
			res, err := w.open(guildA, egress.Request{URL: "http://example.com/"})
			if code(err) != row.head {
				t.Fatalf("got %+v, %v", res, err)
			}
			if err == nil {
				if row.whole {
					res.Stream.Whole()
				}
				body, err := drain(res.Stream)
				if code(err) != row.code || len(body) > max(row.most, len(row.first)) || !strings.HasPrefix(string(body), row.first) {
					t.Errorf("got %d bytes, %v", len(body), err)
				}
			}
			w.idle()
		})
	}
}

func endlessly(w http.ResponseWriter, _ *http.Request) {
	b := make([]byte, 64<<10)
	for {
		if _, err := w.Write(b); err != nil {
			return
		}
	}
}

// TestManyGuildsAtOnce: each stays within its own budgets, and one whose server
// is slow keeps nobody else waiting.
func TestManyGuildsAtOnce(t *testing.T) {
	t.Parallel()
	guilds := 20
	if os.Getenv("FLORA_SOAK") != "" {
		guilds = 200
	}
	// 200 guilds with two requests each have all that they ask for of the
	// connections that there are.
	const atOnce, perSecond, concurrency, requests = 256 << 10, 64 << 10, 2, 4
	w := newWorld(t, func(c *egress.Config) {
		c.Limits.BytesAtOnce, c.Limits.BytesPerMinute, c.Limits.Concurrency, c.Limits.Timeout = atOnce, 60*perSecond, concurrency, 3*patience
	})
	var mu sync.Mutex
	now, most := map[string]int{}, map[string]int{}
	enter := func(guild string, by int) {
		mu.Lock()
		defer mu.Unlock()
		now[guild] += by
		most[guild] = max(most[guild], now[guild])
	}
	w.Serve(t, "93.184.216.34:80", "fast.example", http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		guild := r.Header.Get("X-Guild")
		enter(guild, 1)
		defer enter(guild, -1)
		endlessly(rw, r)
	}))
	slow := make(chan struct{}, 1000)
	w.Serve(t, "93.184.216.35:80", "slow.example", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		slow <- struct{}{}
		<-r.Context().Done()
	}))
	// One guild has all its requests at a server that does not answer.
	stuck, release := context.WithCancel(t.Context())
	var group sync.WaitGroup
	for range requests {
		group.Go(func() { _, _ = w.client.Open(stuck, guildB, egress.Request{URL: "http://slow.example/"}) })
	}
	for range concurrency {
		<-slow
	}
	begun := time.Now()
	got := make([]atomic.Int64, guilds)
	reading, stop := context.WithCancel(t.Context())
	var readers sync.WaitGroup
	for i := range guilds {
		guild := guildA + snowflake.GuildID(1000+i) //nolint:gosec // A few.
		for range requests {
			readers.Go(func() {
				res, err := w.client.Open(reading, guild, egress.Request{URL: "http://fast.example/", Headers: []egress.Pair{{"X-Guild", strconv.Itoa(i)}}})
				if err != nil {
					if reading.Err() == nil {
						t.Error(err)
					}
					return
				}
				defer res.Stream.Close()
				for {
					b, last, err := res.Stream.Next(reading)
					got[i].Add(int64(len(b)))
					if last || err != nil {
						return
					}
				}
			})
		}
	}
	// Until each has all that it may have at once, and is held to its pace.
	for i := range got {
		for got[i].Load() < atOnce/2 && time.Since(begun) < patience {
			time.Sleep(time.Millisecond)
		}
	}
	stop()
	readers.Wait()
	// What is on its way was paid for already.
	allowed := int64(atOnce + perSecond*time.Since(begun).Seconds())
	mu.Lock()
	defer mu.Unlock() // Handlers may still be on their way out.
	for i := range got {
		if n := got[i].Load(); n > allowed || n < atOnce/2 {
			t.Errorf("guild %d moved %d bytes; it may have moved %d", i, n, allowed)
		}
		if m := most[strconv.Itoa(i)]; m > concurrency {
			t.Errorf("guild %d had %d requests under way", i, m)
		}
	}
	release()
	group.Wait()
	w.idle()
}

// TestSecretsInStreams: a placeholder is filled in, and a value taken out, where
// two parts share it as well.
func TestSecretsInStreams(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	o := v.mark("ODD")
	for name, row := range map[string]struct{ kind, sent, arrived string }{
		"text":   {"text/plain", "<" + o + ">", "<" + odd + ">"},
		"JSON":   {"application/json", `{"k":"` + o + `"}`, ""},
		"binary": {"application/octet-stream", o, o},
	} {
		from, to := io.Pipe()
		go func() {
			for i := range row.sent {
				_, _ = to.Write([]byte(row.sent[i : i+1]))
			}
			_ = to.Close()
		}()
		res, err := v.open(guildA, egress.Request{Method: "POST", URL: api + "/raw", Headers: []egress.Pair{{"content-type", row.kind}}, Stream: from})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		body, err := drain(res.Stream)
		if err != nil || string(body) != row.sent {
			t.Errorf("%s: got %q, %v", name, body, err)
		}
		if got := v.last().body; row.arrived != "" && got != row.arrived || got == row.sent && row.kind != "application/octet-stream" {
			t.Errorf("%s: the server got %q", name, got)
		}
	}
	from, to := io.Pipe()
	go func() {
		_, err := fmt.Fprint(to, o)
		_ = to.CloseWithError(err)
	}()
	if _, err := v.open(guildA, egress.Request{Method: "POST", URL: "https://www.example.com/raw", Headers: []egress.Pair{{"content-type", "text/plain"}}, Stream: from}); code(err) != "ESECRET" {
		t.Errorf("to another host: %v", err)
	}
	// A server that tells what it was told, in parts.
	v.Serve(t, "93.184.216.40:80", "drips.example", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, c := range []byte("<" + r.Header.Get("X-Key") + ">") {
			_, _ = w.Write([]byte{c})
			_ = http.NewResponseController(w).Flush()
		}
	}))
	v.put("DRIP", "s3cret+that/drips", true, "drips.example")
	res, err := v.open(guildA, egress.Request{URL: "http://drips.example/", Headers: []egress.Pair{{"X-Key", v.mark("DRIP")}}})
	if err != nil {
		t.Fatal(err)
	}
	if body, err := drain(res.Stream); err != nil || string(body) != "<"+v.mark("DRIP")+">" {
		t.Errorf("got %q, %v", body, err)
	}
}
