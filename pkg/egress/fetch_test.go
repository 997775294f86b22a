package egress_test

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"compress/flate"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"

	"github.com/flora-runtime/flora-runtime/pkg/egress"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
)

func escape(s string) string { return url.QueryEscape(s) }

// echo tells what it got.
func echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	w.Header().Add("X-Two", "1")
	w.Header().Add("X-Two", "2")
	w.WriteHeader(http.StatusTeapot)
	_, _ = fmt.Fprintf(w, "%s %s %s %q", r.Method, r.Host, r.URL, body)
	for _, name := range []string{"Accept", "User-Agent", "Authorization", "Cookie", "X-Own", "Content-Type", "Content-Length", "Transfer-Encoding", "Proxy-Authorization", "Accept-Encoding", "Te"} {
		if v := r.Header.Values(name); len(v) > 0 {
			_, _ = fmt.Fprintf(w, "|%s=%s", name, strings.Join(v, "; "))
		}
	}
}

func TestARequestAndItsResponse(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.Serve(t, "93.184.216.34:80", "example.com", http.HandlerFunc(echo))
	res := w.must(egress.Request{
		Method: "post", URL: "http://example.com/a/../b?c=d e#frag", Body: []byte("hällo"),
		Headers: []egress.Pair{
			{"X-Own", " 1 "}, {"x-own", "2"}, {"Content-Type", "text/plain"}, {"Host", "evil.example"}, {"Content-Length", "999"},
			{"Transfer-Encoding", "chunked"}, {"Connection", "x-own"}, {"Proxy-Authorization", "x"}, {"TE", "trailers"},
		},
	})
	want := `POST example.com /b?c=d%20e "hällo"|Accept=*/*|User-Agent=Flora/test|X-Own=1; 2|Content-Type=text/plain|Content-Length=6|Accept-Encoding=gzip, deflate, br, zstd`
	if string(res.Body) != want {
		t.Errorf("got  %s\nwant %s", res.Body, want)
	}
	if res.Status != 418 || res.StatusText != "I'm a teapot" || res.URL != "http://example.com/b?c=d%20e" || res.Redirected {
		t.Errorf("got %+v", res)
	}
	two := 0
	for _, h := range res.Headers {
		if h[0] == "x-two" {
			two++
		}
	}
	if two != 2 {
		t.Errorf("headers: %v", res.Headers)
	}
	if res := w.must(egress.Request{Method: "HEAD", URL: "http://example.com/"}); len(res.Body) != 0 || res.Status != 418 {
		t.Errorf("HEAD: %+v", res)
	}
	if w.outcomes[egress.OK] != 2 {
		t.Errorf("outcomes: %v", w.outcomes)
	}
}

func TestRequestsThatCannotBeSent(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.Serve(t, "93.184.216.34:80", "example.com", http.HandlerFunc(echo))
	many := make([]egress.Pair, 129)
	for i := range many {
		many[i] = egress.Pair{"x", "y"}
	}
	for _, row := range []struct {
		r    egress.Request
		code string
	}{
		{egress.Request{Method: "CONNECT"}, "EMETHOD"},
		{egress.Request{Method: "trace"}, "EMETHOD"},
		{egress.Request{Method: "GET / HTTP/1.1\r\nX: y"}, "EMETHOD"},
		{egress.Request{Body: []byte("x")}, "EMETHOD"},
		{egress.Request{Headers: []egress.Pair{{"x\r\ny", "z"}}}, "EHEADERS"},
		{egress.Request{Headers: []egress.Pair{{"x", "y\r\nz: 1"}}}, "EHEADERS"},
		{egress.Request{Headers: []egress.Pair{{"x", "y\x00"}}}, "EHEADERS"},
		{egress.Request{Headers: []egress.Pair{{"", "y"}}}, "EHEADERS"},
		{egress.Request{Headers: []egress.Pair{{"x", strings.Repeat("y", 33<<10)}}}, "EHEADERS"},
		{egress.Request{Headers: many}, "EHEADERS"},
		{egress.Request{Redirect: "sometimes"}, "EMODE"},
		{egress.Request{Method: "POST", Body: make([]byte, 8<<20+1)}, "EBODY"},
		{egress.Request{URL: "http://example.com/" + strings.Repeat("a", 16<<10)}, "EURL"},
	} {
		if row.r.URL == "" {
			row.r.URL = "http://example.com/"
		}
		w.fails(row.r, row.code)
	}
	w.undialled()
}

func TestRedirects(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.Serve(t, "93.184.216.35:80", "other.example", http.HandlerFunc(echo))
	w.Serve(t, "93.184.216.34:80", "example.com", http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		var status, left int
		if n, _ := fmt.Sscanf(r.URL.Path, "/%d/%d", &status, &left); n < 2 {
			echo(rw, r)
			return
		}
		to := r.URL.Query().Get("to")
		if left > 1 {
			to = fmt.Sprintf("/%d/%d?to=%s", status, left-1, escape(to))
		}
		rw.Header().Set("Location", to)
		rw.WriteHeader(status)
		_, _ = rw.Write([]byte("moved"))
	}))
	post := egress.Request{
		Method: "POST", Body: []byte("data"),
		Headers: []egress.Pair{{"authorization", "secret"}, {"Cookie", "c"}, {"content-type", "text/x"}, {"x-own", "1"}},
	}
	rest := "|Accept=*/*|User-Agent=Flora/test"
	tail := "|Accept-Encoding=gzip, deflate, br, zstd"
	for path, want := range map[string]string{
		"/301/1?to=/x":                     `GET example.com /x ""` + rest + "|Authorization=secret|Cookie=c|X-Own=1" + tail,
		"/302/3?to=x":                      `GET example.com /302/x ""` + rest + "|Authorization=secret|Cookie=c|X-Own=1" + tail,
		"/303/1?to=/x":                     `GET example.com /x ""` + rest + "|Authorization=secret|Cookie=c|X-Own=1" + tail,
		"/307/1?to=/x":                     `POST example.com /x "data"` + rest + "|Authorization=secret|Cookie=c|X-Own=1|Content-Type=text/x|Content-Length=4" + tail,
		"/308/2?to=http://other.example/x": `POST other.example /x "data"` + rest + "|X-Own=1|Content-Type=text/x|Content-Length=4" + tail,
		"/302/1?to=//other.example/x":      `GET other.example /x ""` + rest + "|X-Own=1" + tail,
		"/307/20?to=/x":                    `POST example.com /x "data"` + rest + "|Authorization=secret|Cookie=c|X-Own=1|Content-Type=text/x|Content-Length=4" + tail,
	} {
		r := post
		r.URL = "http://example.com" + path
		if res := w.must(r); string(res.Body) != want || !res.Redirected {
			t.Errorf("%s\ngot  %s\nwant %s", path, res.Body, want)
		}
	}
	at := "http://example.com/302/1?to=/x"
	w.fails(egress.Request{URL: at, Redirect: egress.Refuse}, "EREDIRECT")
	w.fails(egress.Request{URL: "http://example.com/302/21?to=/x"}, "EREDIRECT")
	res := w.must(egress.Request{URL: at, Redirect: egress.Manual})
	if res.Status != 302 || res.Header("location") != "/x" || string(res.Body) != "moved" || res.Redirected {
		t.Errorf("manual: %+v", res)
	}
	if res := w.must(egress.Request{URL: "http://example.com/302/1"}); res.Status != 302 {
		t.Errorf("without a location: %+v", res)
	}
}

func TestTLSAndHTTP2(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.ServeTLS(t, "93.184.216.34:443", "example.com", http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprint(rw, r.Proto)
	}))
	w.ServeTLS(t, "93.184.216.37:443", "www.example.com", http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		_, _ = rw.Write(make([]byte, 3<<20)) // More than may be under way.
	}))
	if res := w.must(egress.Request{URL: "https://www.example.com/"}); len(res.Body) != 3<<20 {
		t.Errorf("got %d bytes", len(res.Body))
	}
	w.Name("wrong.test", "93.184.216.34")
	w.Serve(t, "93.184.216.36:443", "plain.example", text("no TLS"))
	if res := w.must(egress.Request{URL: "https://example.com/"}); string(res.Body) != "HTTP/2.0" {
		t.Errorf("got %s", res.Body)
	}
	w.fails(egress.Request{URL: "https://wrong.test/"}, "ECERT")
	w.fails(egress.Request{URL: "https://plain.example/"}, "ETLS")
	stranger := newWorld(t, func(c *egress.Config) { c.Roots = nil })
	stranger.ServeTLS(t, "93.184.216.34:443", "example.com", text("x"))
	stranger.fails(egress.Request{URL: "https://example.com/"}, "ECERT")
}

// packed are compressions of a text, by the name in the header.
func packed(t *testing.T, body []byte) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	pack := func(name string, w io.WriteCloser, b *bytes.Buffer) {
		if _, err := w.Write(body); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		out[name] = b.Bytes()
	}
	var g, z, f, br, zs bytes.Buffer
	pack("gzip", gzip.NewWriter(&g), &g)
	pack("deflate", zlib.NewWriter(&z), &z)
	raw, err := flate.NewWriter(&f, 9)
	if err != nil {
		t.Fatal(err)
	}
	pack("raw", raw, &f)
	pack("br", brotli.NewWriter(&br), &br)
	zw, err := zstd.NewWriter(&zs)
	if err != nil {
		t.Fatal(err)
	}
	pack("zstd", zw, &zs)
	return out
}

func serveEncoded(w *world, files map[string][]byte) {
	w.Serve(w.t, "93.184.216.34:80", "example.com", http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		rw.Header()["Content-Encoding"] = r.URL.Query()["as"]
		_, _ = rw.Write(files[r.URL.Path[1:]])
	}))
}

func TestDecompression(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	body := strings.Repeat("Hello, Flora! ", 1000)
	files := packed(t, []byte(body))
	files["twice"] = packed(t, files["br"])["gzip"]
	files["cut"] = files["gzip"][:len(files["gzip"])-20]
	files["plain"] = []byte(body)
	serveEncoded(w, files)
	for query, want := range map[string]string{
		"gzip?as=gzip": body, "gzip?as=x-gzip": body, "deflate?as=deflate": body, "raw?as=deflate": body, "br?as=br": body, "zstd?as=zstd": body,
		"twice?as=br&as=gzip": body, "twice?as=br,%20GZIP": body, "plain?as=identity": body, "plain?as=unknown": body, "gzip?as=": string(files["gzip"]),
		"none?as=gzip": "", "none?as=br": "", "none?as=zstd": "",
	} {
		if res := w.must(egress.Request{URL: "http://example.com/" + query}); string(res.Body) != want {
			t.Errorf("%s: got %d bytes, want %d", query, len(res.Body), len(want))
		}
	}
	for _, query := range []string{"plain?as=gzip", "plain?as=zstd", "cut?as=gzip", "plain?as=br", "plain?as=gzip,gzip,gzip,gzip"} {
		w.fails(egress.Request{URL: "http://example.com/" + query}, "EDECODE")
	}
}

// A body that grows when it is decompressed stops at the limit, and so do
// endless ones.
func TestBombsAndEndlessBodies(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *egress.Config) { c.Limits.ResponseBytes = 1 << 20 })
	files := packed(t, make([]byte, 16<<20))
	files["layers"] = packed(t, files["gzip"])["gzip"]
	serveEncoded(w, files)
	for _, query := range []string{"gzip?as=gzip", "deflate?as=deflate", "br?as=br", "zstd?as=zstd", "layers?as=gzip,gzip"} {
		w.fails(egress.Request{URL: "http://example.com/" + query}, "EBODY")
	}
	ended := make(chan struct{})
	w.Serve(t, "93.184.216.35:80", "endless.example", http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		defer close(ended)
		for b := make([]byte, 4096); ; {
			if _, err := rw.Write(b); err != nil {
				return
			}
		}
	}))
	w.fails(egress.Request{URL: "http://endless.example/"}, "EBODY")
	<-ended // The server is not left to write on.
	w.Serve(t, "93.184.216.36:80", "big.example", http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Length", "1048577")
	}))
	w.fails(egress.Request{URL: "http://big.example/"}, "EBODY")
	if res := w.must(egress.Request{URL: "http://big.example/", Method: "HEAD"}); res.Header("content-length") != "1048577" {
		t.Errorf("HEAD: %v", res.Headers)
	}
}

func TestHeaderFloods(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	flood := http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		for i := range 5000 {
			rw.Header().Set(fmt.Sprintf("X-%d", i), strings.Repeat("y", 50))
		}
	})
	w.Serve(t, "93.184.216.34:80", "example.com", flood)
	w.ServeTLS(t, "93.184.216.34:443", "", flood)
	w.fails(egress.Request{URL: "http://example.com/"}, "EHEADERS")
	if _, err := w.get("https://example.com/"); err == nil {
		t.Error("HTTP/2 takes any number of headers")
	}
}

func TestFetchForOps(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.Serve(t, "93.184.216.34:80", "example.com", http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/cat.png" {
			rw.WriteHeader(http.StatusNotFound)
			return
		}
		rw.Header().Set("Content-Type", "image/png")
		_, _ = rw.Write([]byte("0123456789"))
	}))
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	body, kind, err := w.client.Fetch(ctx, guildA, "http://example.com/cat.png", 10)
	if err != nil || string(body) != "0123456789" || kind != "image/png" {
		t.Errorf("%q %q %v", body, kind, err)
	}
	for url, code := range map[string]string{"http://example.com/cat.png": "EBODY", "http://example.com/dog.png": "ESTATUS", "http://10.0.0.1/": "EFORBIDDEN"} {
		_, _, err := w.client.Fetch(ctx, guildA, url, 9)
		f, ok := errors.AsType[*egress.Failure](err)
		if !ok || f.Code != code {
			t.Errorf("%s: %v, want %s", url, err, code)
		}
		if said, ok := errors.AsType[*fault.Fault](err); !ok || said.Class() != "TypeError" || said.Code != fault.FetchFailed {
			t.Errorf("%s: %v", url, err)
		}
	}
}
