package egress_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"

	"github.com/flora-runtime/flora-runtime/pkg/egress"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// gate is a server that holds requests until it is opened.
type gate struct {
	open    chan struct{}
	arrived chan string // Paths.
}

func newGate() *gate { return &gate{make(chan struct{}), make(chan string, 1000)} }

func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.arrived <- r.URL.Path
	select {
	case <-g.open:
	case <-r.Context().Done():
	}
	_, _ = w.Write([]byte("done"))
}

func (g *gate) wait(t *testing.T) string {
	t.Helper()
	select {
	case path := <-g.arrived:
		return path
	case <-time.After(patience):
		t.Fatal("no request arrived")
		return ""
	}
}

// A guild that waits for slow servers keeps only its own requests waiting.
func TestConcurrencyIsPerGuild(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *egress.Config) { c.Limits.Concurrency = 2 })
	g := newGate()
	w.Serve(t, "93.184.216.34:80", "example.com", g)
	var group sync.WaitGroup
	var failed atomic.Int64
	start := func(guild snowflake.GuildID, path string) {
		group.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			defer cancel()
			if _, err := w.client.Do(ctx, guild, egress.Request{URL: "http://example.com" + path}); err != nil {
				failed.Add(1)
				t.Error(err)
			}
		})
	}
	for range 5 {
		start(guildA, "/a")
	}
	g.wait(t)
	g.wait(t)
	start(guildB, "/b")
	if got := g.wait(t); got != "/b" {
		t.Errorf("a third request of the first guild arrived: %s", got)
	}
	// One that waits for its turn ends at its own deadline.
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	_, err := w.client.Do(ctx, guildA, egress.Request{URL: "http://example.com/late"})
	if f, ok := errors.AsType[*egress.Failure](err); !ok || f.Code != "ETIMEDOUT" || f.Fault().Name != "TimeoutError" {
		t.Errorf("got %v", err)
	}
	close(g.open)
	group.Wait()
	if failed.Load() > 0 {
		t.Errorf("%d requests failed", failed.Load())
	}
}

func TestCancelAndTimeout(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *egress.Config) { c.Limits.Timeout = 300 * time.Millisecond })
	gone := make(chan struct{}, 2)
	arrived := make(chan struct{}, 2)
	w.Serve(t, "93.184.216.34:80", "example.com", http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		if r.URL.Path == "/drip" {
			_, _ = rw.Write([]byte("."))
			_ = http.NewResponseController(rw).Flush()
		}
		<-r.Context().Done()
		gone <- struct{}{}
	}))
	for _, path := range []string{"/silent", "/drip"} {
		if f := w.failure(egress.Request{URL: "http://example.com" + path}, "ETIMEDOUT"); f.Fault().Code != fault.Timeout {
			t.Errorf("%s: %+v", path, f.Fault())
		}
		<-arrived
		<-gone
	}
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		<-arrived
		cancel()
	}()
	patient := newWorld(t, nil)
	patient.Carry("93.184.216.34:80", w.Serve(t, "93.184.216.39:80", "", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		<-r.Context().Done()
		gone <- struct{}{}
	})).Listener.Addr().String())
	patient.Name("example.com", "93.184.216.34")
	_, err := patient.client.Do(ctx, guildA, egress.Request{URL: "http://example.com/"})
	if f, ok := errors.AsType[*egress.Failure](err); !ok || f.Outcome != egress.Cancelled {
		t.Errorf("got %v", err)
	}
	<-gone // The server sees it.
}

func TestBytesOfAMinute(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *egress.Config) { c.Limits.BytesPerMinute, c.Limits.BytesAtOnce = 6000, 100_000 })
	w.Serve(t, "93.184.216.34:80", "example.com", http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		_, _ = rw.Write(make([]byte, 60_000))
	}))
	w.must(egress.Request{URL: "http://example.com/"})
	if f := w.failure(egress.Request{URL: "http://example.com/"}, "EBUDGET"); f.Fault().Code != fault.RateLimited {
		t.Errorf("got %+v", f.Fault())
	}
	w.fails(egress.Request{URL: "http://example.com/", Method: "POST", Body: make([]byte, 100_001)}, "EBUDGET")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if _, err := w.client.Do(ctx, guildB, egress.Request{URL: "http://example.com/"}); err != nil {
		t.Errorf("another guild: %v", err)
	}
	// What is small on the network counts as what it becomes.
	bomb := newWorld(t, func(c *egress.Config) { c.Limits.BytesPerMinute, c.Limits.BytesAtOnce = 6000, 100_000 })
	serveEncoded(bomb, packed(t, make([]byte, 90_000)))
	bomb.must(egress.Request{URL: "http://example.com/br?as=br"})
	bomb.fails(egress.Request{URL: "http://example.com/br?as=br"}, "EBUDGET")
}

// A bomb whose last stage comes to nothing is work all the same: files of gzip
// that are empty, by the thousand, in little zstd.
func TestBytesBetweenDecompressionsCount(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *egress.Config) { c.Limits.BytesPerMinute, c.Limits.BytesAtOnce = 6000, 100_000 })
	bomb := packed(t, bytes.Repeat(packed(t, nil)["gzip"], 100_000))["zstd"]
	if len(bomb) > 50_000 {
		t.Fatalf("the bomb has %d bytes", len(bomb))
	}
	serveEncoded(w, map[string][]byte{"": bomb})
	w.fails(egress.Request{URL: "http://example.com/?as=gzip,zstd"}, "EBUDGET")
}

// Bodies that are read at the same time share a guild's memory, and give it
// back.
func TestHeldBytes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *egress.Config) { c.Limits.HeldBytes = 100_000 })
	w.Serve(t, "93.184.216.34:80", "example.com", http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		_, _ = rw.Write(make([]byte, 110_000))
	}))
	w.Serve(t, "93.184.216.35:80", "small.example", text("small"))
	for range 3 {
		w.fails(egress.Request{URL: "http://example.com/"}, "EBUDGET")
		w.must(egress.Request{URL: "http://small.example/"})
	}
}

// TestGuildsShareNoConnection: what carried one guild's credentials never
// carries another's request.
func TestGuildsShareNoConnection(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	tell := http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { _, _ = fmt.Fprint(rw, r.RemoteAddr) })
	w.Serve(t, "93.184.216.34:80", "example.com", tell)
	w.ServeTLS(t, "93.184.216.34:443", "", tell)
	for _, url := range []string{"http://example.com/", "https://example.com/"} {
		from := map[snowflake.GuildID]string{}
		for _, guild := range []snowflake.GuildID{guildA, guildB, guildA, guildB} {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			res, err := w.client.Do(ctx, guild, egress.Request{URL: url, Headers: []egress.Pair{{"Authorization", guild.String()}}})
			cancel()
			if err != nil {
				t.Fatal(err)
			}
			if before := from[guild]; before != "" && before != string(res.Body) {
				t.Errorf("%s: the guild's connection was not used again", url)
			}
			from[guild] = string(res.Body)
		}
		if from[guildA] == from[guildB] {
			t.Errorf("%s: both guilds used the connection from %s", url, from[guildA])
		}
	}
}

// TestNoProxyAndNoCookies: the environment does not choose where requests go,
// and what a server sets is not sent back.
func TestNoProxyAndNoCookies(t *testing.T) {
	proxy := make(chan struct{}, 10)
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			proxy <- struct{}{}
			_ = c.Close()
		}
	}()
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"} {
		t.Setenv(name, "http://"+l.Addr().String())
	}
	w := newWorld(t, nil)
	w.Serve(t, "93.184.216.34:80", "example.com", http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		http.SetCookie(rw, &http.Cookie{Name: "a", Value: "b"})
		if r.URL.Path == "/" {
			http.Redirect(rw, r, "/next", http.StatusFound)
			return
		}
		_, _ = fmt.Fprintf(rw, "%d cookies", len(r.Cookies()))
	}))
	for range 2 {
		if res := w.must(egress.Request{URL: "http://example.com/"}); string(res.Body) != "0 cookies" {
			t.Errorf("got %s", res.Body)
		}
	}
	if len(proxy) > 0 {
		t.Error("the environment's proxy was used")
	}
}

// A server that speaks something else, or breaks off, fails that request only.
func TestBrokenServers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for i, answer := range []string{"", "SSH-2.0-OpenSSH\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", "HTTP/1.1 99999 Odd\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"} {
		l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.Close() })
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				b := make([]byte, 1024)
				_, _ = c.Read(b)
				_, _ = c.Write([]byte(answer))
				_ = c.Close()
			}
		}()
		w.Carry(fmt.Sprintf("93.184.216.34:%d", 8000+i), l.Addr().String())
		_, err = w.get(fmt.Sprintf("http://93.184.216.34:%d/", 8000+i))
		f, ok := errors.AsType[*egress.Failure](err)
		if !ok || f.Outcome != egress.Unreached && f.Outcome != egress.Invalid {
			t.Errorf("%q: %v", answer, err)
		}
	}
}

// A few bytes of brotli or zstd ask for megabytes to look back to, which count
// for as long as they are decompressed.
func TestWindowsOfDecompressionsAreBounded(t *testing.T) {
	t.Parallel()
	wide := func(log int) []byte {
		var out bytes.Buffer
		bw := brotli.NewWriterOptions(&out, brotli.WriterOptions{Quality: 1, LGWin: log})
		if _, err := bw.Write([]byte("hello")); err != nil {
			t.Fatal(err)
		}
		if err := bw.Flush(); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	var zs bytes.Buffer
	zw, err := zstd.NewWriter(&zs, zstd.WithWindowSize(8<<20))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := zw.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	if err := zw.Flush(); err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct {
		as     string
		body   []byte
		atOnce int
	}{
		"the widest brotli": {"br", wide(24), 4},
		"the usual brotli":  {"br", wide(22), 16},
		"the widest zstd":   {"zstd", zs.Bytes(), 8},
	} {
		w := newWorld(t, func(c *egress.Config) { c.Limits.Concurrency = 20 })
		w.Serve(t, "93.184.216.34:80", "example.com", http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			rw.Header().Set("Content-Encoding", row.as)
			_, _ = rw.Write(row.body)
			_ = http.NewResponseController(rw).Flush()
			<-r.Context().Done()
		}))
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		first := func(guild snowflake.GuildID) (*egress.Stream, error) {
			res, err := w.client.Open(ctx, guild, egress.Request{URL: "http://example.com/"})
			if err != nil {
				t.Fatal(err)
			}
			b, _, err := res.Stream.Next(ctx)
			if err == nil && string(b) != "hello" {
				t.Errorf("%s: got %q", name, b)
			}
			return res.Stream, err
		}
		var open []*egress.Stream
		for i := range row.atOnce {
			s, err := first(guildA)
			if err != nil {
				t.Fatalf("%s: number %d: %v", name, i, err)
			}
			open = append(open, s)
		}
		_, err := first(guildA)
		if f, ok := errors.AsType[*egress.Failure](err); !ok || f.Code != "EBUDGET" {
			t.Errorf("%s: one more: %v", name, err)
		}
		s, err := first(guildB)
		if err != nil {
			t.Errorf("%s: another guild: %v", name, err)
		}
		s.Close()
		for _, s := range open {
			s.Close()
		}
		for ctx.Err() == nil && w.client.Usage().Requests > 0 {
			runtime.Gosched()
		}
		if _, err = first(guildA); err != nil {
			t.Errorf("%s: after the others: %v", name, err)
		}
		cancel()
	}
}
