package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// TestMoreCalls holds what is sent to the API, and what is read of its answer.
func TestMoreCalls(t *testing.T) {
	t.Parallel()
	at := time.Date(2025, 5, 6, 7, 8, 9, 0, time.UTC)
	const g = "100000000000000001"
	const deletedAnswer = `{"deleted":true,"warnings":["w"]}`
	rows := map[string]struct {
		answer string
		call   func(ctx context.Context, c *Client) (any, error)
		line   string
		body   string
		want   any
	}{
		"guilds": {
			`[{"id":"` + g + `","name":"n","icon":null,"permissions":8}]`,
			func(ctx context.Context, c *Client) (any, error) { return c.Guilds(ctx) },
			"GET /api/guilds", "", []Guild{{ID: guild, Name: "n", Permissions: 8}},
		},
		"ready": {"ok", func(ctx context.Context, c *Client) (any, error) { return nil, c.Ready(ctx) }, "GET /api/readyz", "", nil},
		"a token": {
			`{"token":"flora_x","token_id":"t","label":"l","created_at":"2025-05-06T07:08:09+00:00","last_used_at":null,"guild_ids":["` + g + `"],"read_only":true}`,
			func(ctx context.Context, c *Client) (any, error) {
				return c.CreateToken(ctx, NewToken{Label: "l", ExpiresIn: 5, Guilds: []snowflake.GuildID{guild}, ReadOnly: true})
			},
			"POST /api/tokens", `{"label":"l","expires_in_secs":5,"guild_ids":["` + g + `"],"read_only":true}`,
			MadeToken{"flora_x", Token{ID: "t", Label: "l", CreatedAt: at, Guilds: []snowflake.GuildID{guild}, ReadOnly: true}},
		},
		"a plain token":  {`{}`, func(ctx context.Context, c *Client) (any, error) { return c.CreateToken(ctx, NewToken{}) }, "POST /api/tokens", `{}`, MadeToken{}},
		"tokens":         {`[]`, func(ctx context.Context, c *Client) (any, error) { return c.Tokens(ctx) }, "GET /api/tokens", "", []Token{}},
		"no token":       {"", func(ctx context.Context, c *Client) (any, error) { return nil, c.DeleteToken(ctx, "../x") }, "DELETE /api/tokens/..%2Fx", "", nil},
		"a code":         {`{"token":"flora_x","token_id":"t"}`, func(ctx context.Context, c *Client) (any, error) { return c.Redeem(ctx, "c", "v", "l") }, "POST /api/auth/cli/token", `{"code":"c","code_verifier":"v","label":"l"}`, MadeToken{Text: "flora_x", Token: Token{ID: "t"}}},
		"a revision":     {`{"id":"r","files":[{"path":"a","contents":"b"}]}`, func(ctx context.Context, c *Client) (any, error) { return c.Revision(ctx, guild, "r") }, "GET /api/deployments/" + g + "/revisions/r", "", Revision{ID: "r", Files: []File{{"a", "b"}}}},
		"a rollback":     {`{"id":"r2","rollback_of":"r","files":[{"path":"a","contents":"b"}],"bundle":"x"}`, func(ctx context.Context, c *Client) (any, error) { return c.Rollback(ctx, guild, "r") }, "POST /api/deployments/" + g + "/rollback/r", "", Revision{ID: "r2", RollbackOf: "r"}},
		"a deletion":     {deletedAnswer, func(ctx context.Context, c *Client) (any, error) { return c.DeleteDeployment(ctx, guild) }, "DELETE /api/deployments/" + g, "", Deleted{true, []string{"w"}}},
		"variables":      {`[{"name":"N","value":"v","updated_at":"2025-05-06T07:08:09Z"}]`, func(ctx context.Context, c *Client) (any, error) { return c.Variables(ctx, guild) }, "GET /api/vars/" + g, "", []Variable{{"N", "v", at}}},
		"a variable":     {`{"name":"N"}`, func(ctx context.Context, c *Client) (any, error) { return c.Variable(ctx, guild, "N") }, "GET /api/vars/" + g + "/N", "", Variable{Name: "N"}},
		"set a variable": {`{"name":"N"}`, func(ctx context.Context, c *Client) (any, error) { return c.SetVariable(ctx, guild, "N", "") }, "PUT /api/vars/" + g + "/N", `{"value":""}`, Variable{Name: "N"}},
		"no variable":    {`{"deleted":false}`, func(ctx context.Context, c *Client) (any, error) { return c.DeleteVariable(ctx, guild, "a/b") }, "DELETE /api/vars/" + g + "/a%2Fb", "", false},
		"secrets":        {`[{"name":"N","allowed_hosts":["h"],"broken":true}]`, func(ctx context.Context, c *Client) (any, error) { return c.Secrets(ctx, guild) }, "GET /api/secrets/" + g, "", []Secret{{Name: "N", AllowedHosts: []string{"h"}, Broken: true}}},
		"set a secret": {`{"name":"N"}`, func(ctx context.Context, c *Client) (any, error) {
			return c.SetSecret(ctx, guild, "N", "v", []string{"h"}, true)
		}, "PUT /api/secrets/" + g + "/N", `{"allow_http":true,"allowed_hosts":["h"],"value":"v"}`, Secret{Name: "N"}},
		"no secret":  {deletedAnswer, func(ctx context.Context, c *Client) (any, error) { return c.DeleteSecret(ctx, guild, "N") }, "DELETE /api/secrets/" + g + "/N", "", true},
		"crons":      {`[{"name":"n","next_run":null,"last_run":"2025-05-06T07:08:09Z","skipped":3}]`, func(ctx context.Context, c *Client) (any, error) { return c.Crons(ctx, guild) }, "GET /api/crons/" + g, "", []Cron{{Name: "n", LastRun: &at, Skipped: 3}}},
		"run a cron": {`{"name":"n m","scheduled_at":"2025-05-06T07:08:09Z"}`, func(ctx context.Context, c *Client) (any, error) { return c.RunCron(ctx, guild, "n m") }, "POST /api/crons/" + g + "/n%20m/run", "", StartedCron{"n m", at}},
		"a status":   {`{"guild_id":"` + g + `","state":"none","since":null,"worker":null,"strikes":[]}`, func(ctx context.Context, c *Client) (any, error) { return c.Status(ctx, guild) }, "GET /api/status/" + g, "", Status{Guild: guild, State: "none", Strikes: []Strike{}}},
		"a release":  {`{"state":"loading","strikes":[{"at":"2025-05-06T07:08:09Z","reason":"r"}]}`, func(ctx context.Context, c *Client) (any, error) { return c.Release(ctx, guild) }, "POST /api/status/" + g + "/release", "", Status{State: "loading", Strikes: []Strike{{at, "r"}}}},
		"an export":  {`{"backup_id":"e","bytes":7}`, func(ctx context.Context, c *Client) (any, error) { return c.CreateExport(ctx, guild, "a b") }, "POST /api/kv/export/" + g + "?store=a+b", "", Export{ID: "e", Bytes: 7}},
		"exports":    {`{"exports":[{"backup_id":"e"}]}`, func(ctx context.Context, c *Client) (any, error) { return c.Exports(ctx, guild) }, "GET /api/kv/export/" + g, "", []Export{{ID: "e"}}},
		"an import": {`{"stores":1,"keys":2,"expired":3}`, func(ctx context.Context, c *Client) (any, error) {
			return c.Import(ctx, guild, strings.NewReader("zip"), 3, false)
		}, "POST /api/kv/import/" + g + "?mode=merge", "zip", Imported{1, 2, 3}},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var line, body string
			c := against(t, func(w http.ResponseWriter, r *http.Request) {
				b, err := io.ReadAll(r.Body)
				if err != nil {
					t.Error(err)
				}
				line, body = r.Method+" "+r.RequestURI, string(b)
				if r.ContentLength != int64(len(b)) {
					t.Errorf("the length is given as %d", r.ContentLength)
				}
				_, _ = io.WriteString(w, row.answer)
			})
			got, err := row.call(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			if line != row.line || body != row.body {
				t.Errorf("sent %s %s, want %s %s", line, body, row.line, row.body)
			}
			if diff := cmp.Diff(row.want, got, cmpopts.EquateApproxTime(0)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestServerTellsOfItself(t *testing.T) {
	t.Parallel()
	c := against(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Flora-Version", "1.2")
		w.Header().Set("Date", "Tue, 06 May 2025 07:08:09 GMT")
		_, _ = io.WriteString(w, `{"user":{"id":"7","username":"ada"}}`)
	})
	got, err := c.Server(t.Context())
	want := Server{User{"7", "ada"}, "1.2", time.Date(2025, 5, 6, 7, 8, 9, 0, time.UTC)}
	if diff := cmp.Diff(want, got, cmpopts.EquateApproxTime(0)); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

// TestHistoryGoesOn: more than a page is asked for by the cursor.
func TestHistoryGoesOn(t *testing.T) {
	t.Parallel()
	page := func(from, n int) string {
		var rows []string
		for i := range n {
			rows = append(rows, fmt.Sprintf(`{"id":"r%d","deployed_at":"2025-05-06T07:08:09.123456+00:00"}`, from+i))
		}
		return "[" + strings.Join(rows, ",") + "]"
	}
	const path = "/api/deployments/100000000000000001/history?"
	const cursor = "cursor_deployed_at=2025-05-06T07%3A08%3A09.123456%2B00%3A00&cursor_id=r99&"
	rows := []struct {
		limit, last int
		want        []string
		n           int
	}{
		{5, 5, []string{"limit=5"}, 5},
		{120, 20, []string{"limit=100", cursor + "limit=20"}, 120},
		{0, 3, []string{"limit=100", cursor + "limit=100"}, 103},
		{100, 100, []string{"limit=100"}, 100},
	}
	for _, row := range rows {
		var got []string
		c := against(t, func(w http.ResponseWriter, r *http.Request) {
			got = append(got, strings.TrimPrefix(r.RequestURI, path))
			if n := len(row.want); len(got) < n {
				_, _ = io.WriteString(w, page(0, 100))
			} else {
				_, _ = io.WriteString(w, page(100*(n-1), row.last))
			}
		})
		all, err := c.History(t.Context(), guild, row.limit)
		if err != nil || len(all) != row.n {
			t.Errorf("%d: %d revisions, %v", row.limit, len(all), err)
		}
		if diff := cmp.Diff(row.want, got); diff != "" {
			t.Errorf("%d: %s", row.limit, diff)
		}
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("the disk is full") }

func TestDownload(t *testing.T) {
	t.Parallel()
	body := []byte("0123456789")
	ranged := func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
	}
	rows := map[string]struct {
		answer http.HandlerFunc
		from   int64
		got    string
		want   string // Of the error.
	}{
		"whole":                 {ranged, 0, "0123456789", ""},
		"the rest":              {ranged, 4, "456789", ""},
		"no ranges":             {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) }, 4, "", "does not send the rest"},
		"too short":             {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body[:3]) }, 0, "012", "in the middle of the archive"},
		"more than there is":    {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(append(body, "more"...)) }, 0, "0123456789", ""},
		"an error of the API's": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) }, 0, "", "404"},
	}
	for name, row := range rows {
		var b bytes.Buffer
		n, err := against(t, row.answer).Download(t.Context(), guild, Export{ID: "e", Bytes: 10}, row.from, &b)
		if b.String() != row.got || n != int64(len(row.got)) || (err == nil) != (row.want == "") || err != nil && !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %q, %d, %v", name, b.String(), n, err)
		}
	}
	_, err := against(t, ranged).Download(t.Context(), guild, Export{ID: "e", Bytes: 10}, 0, full{})
	if _, network := errors.AsType[*NetworkError](err); err == nil || network || !strings.Contains(err.Error(), "the disk is full") {
		t.Errorf("%v", err)
	}
}
