package api_test

import (
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/api"
	"github.com/flora-runtime/flora-runtime/pkg/conduct"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// guilds has one that is quarantined.
type guilds struct {
	mu       sync.Mutex // Guards released.
	released []snowflake.GuildID
}

func (g *guilds) Status(id snowflake.GuildID) conduct.Status {
	g.mu.Lock()
	defer g.mu.Unlock()
	out := conduct.Status{Guild: id.String(), State: conduct.None, Strikes: []conduct.Strike{}}
	if id == guildA && !slices.Contains(g.released, id) {
		at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
		out.State, out.Since, out.Dropped, out.Strikes = conduct.Quarantined, &at, 7, []conduct.Strike{{At: at, Reason: "it crashed"}}
	}
	return out
}

func (g *guilds) Release(id snowflake.GuildID) conduct.Status {
	g.mu.Lock()
	g.released = append(g.released, id)
	g.mu.Unlock()
	return g.Status(id)
}

func TestGuildStatus(t *testing.T) {
	t.Parallel()
	url := "/api/status/" + guildA.String()
	run(t, append(denied("GET", url, "", false),
		scenario{
			name: "quarantined", as: "reader", method: "GET", url: url, status: 200,
			want: []string{`"state":"quarantined"`, `"since":"2026-01-02T03:04:05Z"`, `"strikes":[{"at":"2026-01-02T03:04:05Z","reason":"it crashed"}]`, `"dropped_events":7`, `"worker":null`},
		},
		scenario{
			name: "nothing there", as: "neighbour", method: "GET", url: "/api/status/" + guildB.String(), status: 200,
			want: []string{`"state":"none"`, `"since":null`, `"strikes":[]`},
		},
		scenario{name: "no guild", as: "operator", method: "GET", url: "/api/status/x", status: 400, want: []string{"Invalid guild ID"}},
	))
}

func TestReleaseIsTheOperators(t *testing.T) {
	t.Parallel()
	url := "/api/status/" + guildA.String() + "/release"
	untouched := func(t *testing.T, e *env) {
		t.Helper()
		if len(e.guilds.released) > 0 {
			t.Errorf("released: %v", e.guilds.released)
		}
	}
	run(t, append(denied("POST", url, "", false),
		scenario{name: "the guild's admin", as: "admin", method: "POST", url: url, status: 403, want: []string{"operator"}, after: untouched},
		scenario{
			name: "a guild without a script", as: "operator", method: "POST", url: "/api/status/" + guildB.String() + "/release", status: 404,
			want: []string{"nothing is deployed"}, after: untouched,
		},
		scenario{
			name: "the operator", as: "operator", method: "POST", url: url, status: 200, want: []string{`"state":"none"`},
			after: func(t *testing.T, e *env) {
				t.Helper()
				if !slices.Equal(e.guilds.released, []snowflake.GuildID{guildA}) {
					t.Errorf("released: %v", e.guilds.released)
				}
			},
		},
	))
}

func TestMetricsAreTheOperators(t *testing.T) {
	t.Parallel()
	e := newEnv(t, func(c *api.Config) {
		c.Metrics = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("flora_build_info 1\n")) })
	})
	for as, want := range map[string]int{"": 401, "admin": 403, "operator": 200} {
		if res := e.do(as, "GET", "/metrics", "", nil); res.StatusCode != want {
			t.Errorf("%q gets %d, want %d", as, res.StatusCode, want)
		}
	}
}
