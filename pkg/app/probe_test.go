package app

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

func TestHealth(t *testing.T) {
	t.Parallel()
	asked := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/livez" {
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = w.Write([]byte(`{"message":"not ready: waiting for database"}`))
			return
		}
		_, _ = w.Write([]byte("ok"))
	}))
	t.Cleanup(asked.Close)
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	port := func(s *httptest.Server) string {
		u, err := url.Parse(s.URL)
		if err != nil {
			t.Fatal(err)
		}
		return "API_PORT=" + u.Port()
	}
	for _, row := range []struct {
		name string
		env  []string
		args []string
		code int
		want string
	}{
		{"it answers", []string{port(asked)}, nil, 0, "ok"},
		{"on an address of its own", []string{port(asked), "API_ADDRESS=127.0.0.1"}, nil, 0, "ok"},
		{"a proxy is for others", []string{port(asked), "http_proxy=http://127.0.0.1:1"}, nil, 0, "ok"},
		{"it does not serve yet", []string{port(asked)}, []string{"--ready"}, 1, "/readyz is 503: {\"message\":\"not ready: waiting for database\"}"},
		{"nothing is there", []string{port(gone)}, nil, 1, "ask the runtime: Get "},
		{"nobody knows the port", []string{"API_PORT=0"}, nil, 1, "api.port is 0"},
		{"a wrong configuration", []string{"API_PORT=x"}, nil, 1, "api.port"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			var out, errs bytes.Buffer
			code := Main(t.Context(), State{Args: append([]string{"health"}, row.args...), Env: row.env, Stdout: &out, Stderr: &errs})
			if said := out.String() + errs.String(); code != row.code || !strings.Contains(said, row.want) {
				t.Errorf("got %d %q, want %d %q", code, said, row.code, row.want)
			}
		})
	}
}
