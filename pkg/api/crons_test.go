package api_test

import (
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/cron"
)

func TestCrons(t *testing.T) {
	t.Parallel()
	list := "/api/crons/" + guildA.String()
	jobs := func(e *env) {
		e.crons.Set(guildA, []cron.Job{{Name: "b", Expr: "*/5 * * * *", SkipIfRunning: true}, {Name: "a/b c", Expr: "@daily"}, {Name: "never", Expr: "0 0 30 2 *"}})
	}
	fired := func(n int) func(*testing.T, *env) {
		return func(t *testing.T, e *env) {
			t.Helper()
			if len(*e.fired) != n {
				t.Errorf("%d runs", len(*e.fired))
			}
		}
	}
	rows := append(denied("GET", list, "", false), denied("POST", list+"/b/run", "", true)...)
	run(t, append(rows,
		scenario{name: "none", as: "reader", method: "GET", url: list, status: 200, want: []string{"[]"}, shared: true},
		scenario{name: "some", as: "reader", method: "GET", url: list, before: jobs, status: 200, want: []string{
			`{"name":"a/b c","expression":"@daily","skip_if_running":false,"next_run":"2026-01-03T00:00:00Z","last_run":null,"running":0,"skipped":0}`,
			`{"name":"b","expression":"*/5 * * * *","skip_if_running":true,"next_run":"2026-01-02T12:05:00Z","last_run":null,"running":0,"skipped":0}`,
			`"next_run":null,"last_run":null,"running":0,"skipped":0,"warning":"no date from now on`,
		}},
		scenario{name: "run", as: "admin", method: "POST", url: list + "/b/run", before: jobs, status: 202, want: []string{`{"name":"b","scheduled_at":"2026-01-02T12:00:00Z"}`}, after: func(t *testing.T, e *env) {
			t.Helper()
			fired(1)(t, e)
			if f := (*e.fired)[0]; f.Guild != guildA || f.Name != "b" || !f.ScheduledAt.Equal(noon) {
				t.Errorf("fired %+v", f)
			}
			if s := e.do("admin", "POST", list+"/b/run", "", nil).StatusCode; s != 409 {
				t.Errorf("while it runs: status %d", s)
			}
			if j := e.crons.Jobs(guildA)[1]; j.Running != 1 || !j.Last.Equal(noon) || !j.Next.Equal(noon.Add(5*time.Minute)) {
				t.Errorf("the job is %+v", j)
			}
			(*e.fired)[0].Finished()
			if s := e.do("admin", "POST", list+"/b/run", "", nil).StatusCode; s != 202 {
				t.Errorf("when it has ended: status %d", s)
			}
		}},
		scenario{name: "run twice at once", as: "admin", method: "POST", url: list + "/a%2Fb%20c/run", before: func(e *env) {
			jobs(e)
			e.do("admin", "POST", list+"/a%2Fb%20c/run", "", nil)
		}, status: 202, after: fired(2)},
		scenario{name: "run what never comes", as: "admin", method: "POST", url: list + "/never/run", before: jobs, status: 202, after: fired(1)},
		scenario{name: "run nothing", as: "admin", method: "POST", url: list + "/none/run", before: jobs, status: 404, want: []string{"no cron job of this name"}, after: fired(0)},
	))
}
