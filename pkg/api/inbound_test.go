package api_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/api"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/inbound"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// echoes is api.Inbound: it tells who asks for what.
type echoes struct{}

func (echoes) Owns(r *http.Request) bool      { return strings.HasPrefix(r.URL.Path, "/g/") }
func (echoes) URL(g snowflake.GuildID) string { return "https://bot.example/g/" + g.String() + "/" }
func (echoes) Close()                         {}
func (echoes) Within() time.Duration          { return patience }

func (echoes) Guild(r *http.Request) (snowflake.GuildID, bool) {
	id, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/g/"), "/")
	g, err := snowflake.ParseGuild(id)
	return g, err == nil
}

func (echoes) Serve(w http.ResponseWriter, r *http.Request, who inbound.Caller) error {
	if strings.HasSuffix(r.URL.Path, "/no") {
		return fault.New(fault.NotFound, "Resource not found: nothing is served here")
	}
	_, err := w.Write([]byte(r.Method + " " + r.URL.EscapedPath() + " " + who.Address.Addr().String() + " " + who.Key))
	return err
}

// TestInboundComesFirst: what is the endpoints' is nothing of the API's, with or
// without credentials, and its paths stay as they are.
func TestInboundComesFirst(t *testing.T) {
	t.Parallel()
	e := newEnv(t, func(c *api.Config) { c.Inbound = echoes{} })
	for path, want := range map[string]string{
		"/g/1/a%2Fb//c/": "GET /g/1/a%2Fb//c/ 127.0.0.1 127.0.0.1",
		"/g/1/no":        `"message":"Resource not found: nothing is served here"`,
		"/g/1/api/me":    "GET /g/1/api/me 127.0.0.1 127.0.0.1",
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, e.server.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if got := string(text); err != nil || !strings.Contains(got, want) || res.Header.Get("X-Request-Id") == "" {
			t.Errorf("%s: got %s", path, got)
		}
	}
}
