package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/api"
	"github.com/flora-runtime/flora-runtime/pkg/kv"
	"github.com/flora-runtime/flora-runtime/pkg/kv/archive"
)

func TestConditions(t *testing.T) {
	t.Parallel()
	const at = kvURL + "counters/b"
	set := func(name, body string, status int, want ...string) scenario {
		return scenario{name: name, as: "admin", method: "PUT", url: at, body: body, before: stock, status: status, want: want, after: func(t *testing.T, e *env) {
			t.Helper()
			if got := e.value(guildA, "counters", "b"); (got == "x") != (status == 200) {
				t.Errorf("the value is %q after status %d", got, status)
			}
		}}
	}
	run(t, []scenario{
		set("the right version", `{"value":"x","if_version":3}`, 200, `{"success":true,"version":4}`),
		set("another version", `{"value":"x","if_version":2}`, 409, `"code":"conflict"`, `"version":3`, `"key":"b"`, "has version 3, it was to have version 2"),
		set("it must not exist", `{"value":"x","if_absent":true}`, 409, `"version":3`, "exists already"),
		set("both", `{"value":"x","if_version":3,"if_absent":true}`, 400, "not both"),
		set("no version", `{"value":"x","if_version":0}`, 400, "if_version must be"),
		set("a version as text", `{"value":"x","if_version":"3"}`, 422, `field \"if_version\": expected an integer, got string`),
		set("a time to live", `{"value":"x","ttl":60}`, 200),
		set("no time to live", `{"value":"x","ttl":0}`, 400, "ttl must be at least 1 second"),
		set("ttl and expiration", `{"value":"x","ttl":5,"expiration":4102444800}`, 400, "not both"),
		{name: "absent", as: "admin", method: "PUT", url: kvURL + "counters/new", body: `{"value":"x","if_absent":true}`, status: 200, want: []string{`"version":1`}},
		{name: "a version of what is not there", as: "admin", method: "PUT", url: at, body: `{"value":"x","if_version":1}`, status: 409, want: []string{`"version":null`, "does not exist"}},
		{name: "delete the right version", as: "admin", method: "DELETE", url: at + "?if_version=3", before: stock, status: 204, after: func(t *testing.T, e *env) {
			t.Helper()
			if got := e.value(guildA, "counters", "b"); got != "" {
				t.Errorf("the key has %q", got)
			}
		}},
		{name: "delete another version", as: "admin", method: "DELETE", url: at + "?if_version=1", before: stock, status: 409, want: []string{`"version":3`}},
		{name: "delete no version", as: "admin", method: "DELETE", url: at + "?if_version=x", status: 400, want: []string{"if_version must be"}},
	})
}

func TestTimeToLive(t *testing.T) {
	t.Parallel()
	e := newEnv(t, nil)
	before := time.Now().Unix()
	text(t, e.do("admin", "PUT", kvURL+"s/k", `{"value":"v","ttl":100,"metadata":[1]}`, nil))
	var got struct {
		Value      string
		Expiration int64
		Metadata   json.RawMessage
	}
	if err := json.Unmarshal([]byte(text(t, e.do("admin", "GET", kvURL+"s/k", "", nil))), &got); err != nil {
		t.Fatal(err)
	}
	if after := time.Now().Unix(); got.Value != "v" || string(got.Metadata) != "[1]" || got.Expiration < before+100 || got.Expiration > after+100 {
		t.Errorf("got %+v, want an expiration from %d to %d", got, before+100, after+100)
	}
}

func TestIncrement(t *testing.T) {
	t.Parallel()
	const at = kvURL + "counters/n/increment"
	with := func(value string) func(*env) {
		return func(e *env) {
			e.t.Helper()
			if err := e.kv.Set(e.t.Context(), guildA, "counters", "n", value, kv.SetOptions{}); err != nil {
				e.t.Fatal(err)
			}
		}
	}
	rows := []struct {
		name, value, body string
		status            int
		want              string
	}{
		{"new", "", `{}`, 200, `{"value":"1","version":1}`},
		{"new from a start", "", `{"by":-5,"start":100,"ttl":60}`, 200, `{"value":"95",`},
		{"add", "41", `{}`, 200, `{"value":"42","version":2}`},
		{"add nothing", "41", `{"by":0}`, 200, `{"value":"41","version":2}`},
		{"the largest", "9223372036854775806", `{"by":1,"start":5}`, 200, `{"value":"9223372036854775807",`},
		{"beyond the largest", "9223372036854775807", `{"by":1}`, 400, "64 bits"},
		{"beyond the smallest", "-9223372036854775808", `{"by":-1}`, 400, "64 bits"},
		{"no number", "ten", `{}`, 400, "no whole number"},
		{"half a number", "1.5", `{}`, 400, "no whole number"},
		{"a long text", strings.Repeat("1", 5000), `{}`, 400, "no whole number"},
		{"by half", "1", `{"by":0.5}`, 422, `field \"by\": expected an integer`},
		{"by too much", "1", `{"by":9223372036854775808}`, 422, `field \"by\": expected an integer`},
		{"both ends", "1", `{"ttl":1,"expiration":1}`, 400, "not both"},
	}
	all := denied("POST", at, `{}`, true)
	for _, r := range rows {
		s := scenario{name: r.name, as: "admin", method: "POST", url: at, body: r.body, status: r.status, want: []string{r.want}}
		if r.value != "" {
			s.before = with(r.value)
		}
		all = append(all, s)
	}
	run(t, all)
}

func TestBatch(t *testing.T) {
	t.Parallel()
	const at = kvURL + "counters/batch"
	var many []string
	for i := range 101 {
		many = append(many, fmt.Sprintf("%q", fmt.Sprint(i)))
	}
	var large strings.Builder
	for i := range 5 {
		fmt.Fprintf(&large, `{"key":"%d","value":"%s"},`, i, strings.Repeat("v", 1<<20))
	}
	rows := denied("POST", at, `{"set":[{"key":"a","value":"b"}]}`, true)
	unchanged := func(t *testing.T, e *env) {
		t.Helper()
		if got := e.value(guildA, "counters", "b") + e.value(guildA, "counters", "a/1"); got != "threeone" {
			t.Errorf("the values are %q", got)
		}
	}
	refuse := func(name, body string, status int, want ...string) scenario {
		return scenario{name: name, as: "admin", method: "POST", url: at, body: body, before: stock, status: status, want: want, after: unchanged}
	}
	run(t, append(rows,
		scenario{name: "get", as: "reader", method: "POST", url: at, body: `{"get":["b","none","a/2","b"]}`, before: stock, status: 200,
			want: []string{`{"entries":[{"key":"b","value":"three","version":3},{"key":"none","value":null},{"key":"a/2","value":"two","expiration":`, `"metadata":{"by":"ada"},"version":2},{"key":"b",`}, wantNot: []string{"secret"}},
		scenario{name: "set and delete", as: "admin", method: "POST", url: at, before: stock, status: 200, want: []string{`{"success":true,"version":4}`},
			body: `{"set":[{"key":"x","value":"1","if_absent":true},{"key":"b","value":"2","if_version":3,"ttl":9,"metadata":{"a":1}}],"delete":["a/1",{"key":"a/2","if_version":2},"none"]}`,
			after: func(t *testing.T, e *env) {
				t.Helper()
				got := map[string]string{}
				for _, k := range []string{"x", "b", "a/1", "a/2"} {
					got[k] = e.value(guildA, "counters", k)
				}
				if diff := cmp.Diff(map[string]string{"x": "1", "b": "2", "a/1": "", "a/2": ""}, got); diff != "" {
					t.Error(diff)
				}
			}},
		refuse("a condition that does not hold", `{"set":[{"key":"b","value":"2"}],"delete":[{"key":"a/1","if_version":9}]}`, 409, `"key":"a/1"`, `"version":1`),
		refuse("nothing", `{}`, 400, "the batch has no keys"),
		refuse("both ways", `{"get":["b"],"delete":["b"]}`, 400, "not both"),
		refuse("a key twice", `{"set":[{"key":"b","value":"2"}],"delete":["b"]}`, 400, `key \"b\" is in the batch twice`),
		refuse("too many", `{"get":[`+strings.Join(many, ",")+`]}`, 413, "the batch has 101 keys, which is more than 100"),
		refuse("too much", `{"set":[`+large.String()+`{"key":"b","value":"x"}]}`, 413, "the batch has more than 4MB"),
		refuse("no key", `{"set":[{"value":"2"}]}`, 422, `missing field \"set[0].key\"`),
		refuse("no value", `{"set":[{"key":"b"}]}`, 422, `missing field \"set[0].value\"`),
		refuse("a delete without a key", `{"delete":[{}]}`, 422, `missing field \"delete[0].key\"`),
		refuse("a delete of a number", `{"delete":[1]}`, 422, `field \"delete`),
		refuse("no list", `{"get":"b"}`, 422, `field \"get\": expected an array, got string`),
		refuse("a bad key", `{"set":[{"key":"b","value":"2"},{"key":"","value":"x"}]}`, 400, "key cannot be empty"),
	))
}

func TestBatchOfTooManyBytes(t *testing.T) {
	t.Parallel()
	e := newEnv(t, nil)
	big := strings.Repeat("v", 1<<20)
	var keys []string
	for i := range 5 {
		keys = append(keys, fmt.Sprintf("%q", fmt.Sprint(i)))
		if err := e.kv.Set(t.Context(), guildA, "s", fmt.Sprint(i), big, kv.SetOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	res := e.do("admin", "POST", kvURL+"s/batch", `{"get":[`+strings.Join(keys, ",")+`]}`, nil)
	if got := text(t, res); res.StatusCode != 413 || !strings.Contains(got, "ask for fewer at once") {
		t.Errorf("got %d %.200s", res.StatusCode, got)
	}
}

// archiveOf is an archive with the values.
func archiveOf(t *testing.T, values map[string]string) string {
	t.Helper()
	var out bytes.Buffer
	w, err := archive.NewWriter(&out, archive.Header{Guild: "5", CreatedAt: time.Unix(1, 0)})
	if err == nil {
		err = w.Store(archive.Store{Name: "counters", CreatedAt: time.Unix(1, 0)})
	}
	for _, k := range []string{"a/1", "b", "c"} {
		if v, ok := values[k]; ok && err == nil {
			err = w.Entry(archive.Entry{Key: k, Value: v})
		}
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.String()
}

var asArchive = map[string]string{"Content-Type": "application/gzip"}

func TestExportAndImport(t *testing.T) {
	t.Parallel()
	const export, take = "/api/kv/export/100000000000000001", "/api/kv/import/100000000000000001"
	rows := denied("POST", export, "", true)
	rows = append(rows, denied("GET", export, "", false)...)
	rows = append(rows, denied("GET", export+"/00000000-0000-4000-8000-000000000000", "", false)...)
	rows = append(rows, denied("POST", take, "x", true)...)
	good := archiveOf(t, map[string]string{"b": "new", "c": "more"})
	unchanged := func(t *testing.T, e *env) {
		t.Helper()
		if got := e.value(guildA, "counters", "b"); got != "three" {
			t.Errorf("the value is %q", got)
		}
	}
	bring := func(name, query, body string, status int, want string, after func(*testing.T, *env)) scenario {
		return scenario{name: name, as: "admin", method: "POST", url: take + query, body: body, header: asArchive, before: stock, status: status, want: []string{want}, after: after}
	}
	run(t, append(rows,
		scenario{name: "export", as: "admin", method: "POST", url: export, before: stock, status: 200, want: []string{`{"backup_id":"`, `"bytes":`}},
		scenario{name: "export one store", as: "admin", method: "POST", url: export + "?store=counters", before: stock, status: 200, want: []string{`{"backup_id":"`}},
		scenario{name: "export what is not there", as: "admin", method: "POST", url: export + "?store=none", before: stock, status: 404, want: []string{"store not found"}},
		scenario{name: "export nothing", as: "admin", method: "POST", url: export, status: 404, want: []string{"there are no stores"}},
		scenario{name: "no exports", as: "admin", method: "GET", url: export, status: 200, want: []string{`{"exports":[]}`}},
		scenario{name: "download what is not there", as: "admin", method: "GET", url: export + "/..%2F..%2Fkv", status: 404, want: []string{"export not found"}},
		bring("merge", "", good, 200, `{"stores":1,"keys":2,"expired":0}`, func(t *testing.T, e *env) {
			t.Helper()
			if got := e.value(guildA, "counters", "a/1") + e.value(guildA, "counters", "b") + e.value(guildB, "counters", "b"); got != "onenewsecret" {
				t.Errorf("the values are %q", got)
			}
		}),
		bring("replace", "?mode=replace", good, 200, `{"stores":1,"keys":2,"expired":0}`, func(t *testing.T, e *env) {
			t.Helper()
			if got := e.value(guildA, "counters", "a/1") + e.value(guildA, "counters", "b") + e.value(guildB, "counters", "b"); got != "newsecret" {
				t.Errorf("the values are %q", got)
			}
		}),
		bring("another mode", "?mode=mix", good, 400, "mode must be merge or replace", unchanged),
		bring("cut off", "", good[:len(good)-20], 400, "the archive cannot be imported: line", unchanged),
		bring("no archive", "?mode=replace", "hello", 400, "it is no gzip file", unchanged),
		bring("a value that is too large", "?mode=replace", archiveOf(t, map[string]string{"b": strings.Repeat("x", 1<<20+1)}), 413, "line 3: value exceeds maximum size of 1MB", unchanged),
		scenario{name: "JSON", as: "admin", method: "POST", url: take, body: `{}`, before: stock, status: 415, want: []string{"Content-Type: application/gzip"}, after: unchanged},
	))
}

// TestArchiveRoundTrip takes everything out of one guild and into another.
func TestArchiveRoundTrip(t *testing.T) {
	t.Parallel()
	e := newEnv(t, nil)
	stock(e)
	var made struct {
		ID    string `json:"backup_id"`
		Bytes int64
	}
	const export = "/api/kv/export/100000000000000001"
	if err := json.Unmarshal([]byte(text(t, e.do("admin", "POST", export, "", nil))), &made); err != nil {
		t.Fatal(err)
	}
	res := e.do("admin", "POST", export, "", nil)
	if got := text(t, res); res.StatusCode != 429 || res.Header.Get("Retry-After") == "" || !strings.Contains(got, "kv export rate limit exceeded") {
		t.Errorf("a second export: %d %s", res.StatusCode, got)
	}
	if got := text(t, e.do("reader", "GET", export, "", nil)); !strings.Contains(got, made.ID) {
		t.Errorf("the list is %s", got)
	}
	res = e.do("reader", "GET", export+"/"+made.ID, "", nil)
	b := text(t, res)
	if res.StatusCode != 200 || int64(len(b)) != made.Bytes || res.Header.Get("Content-Type") != "application/gzip" || !strings.Contains(res.Header.Get("Content-Disposition"), made.ID) {
		t.Fatalf("the download: %d, %d of %d bytes, %v", res.StatusCode, len(b), made.Bytes, res.Header)
	}
	if rest := text(t, e.do("admin", "GET", export+"/"+made.ID, "", map[string]string{"Range": "bytes=20-"})); rest != b[20:] {
		t.Errorf("the rest has %d bytes", len(rest))
	}
	res = e.do("neighbour", "POST", "/api/kv/import/100000000000000002?mode=replace", b, asArchive)
	if got := text(t, res); res.StatusCode != 200 || !strings.Contains(got, `{"stores":1,"keys":3,"expired":0}`) {
		t.Fatalf("import: %d %s", res.StatusCode, got)
	}
	if got := e.value(guildB, "counters", "b") + e.value(guildB, "counters", "a/2"); got != "threetwo" {
		t.Errorf("the values are %q", got)
	}
}

// TestUploadsThatStall: an upload that goes on is taken however long it lasts,
// one that does not is refused and changes nothing.
func TestUploadsThatStall(t *testing.T) {
	t.Parallel()
	e := newEnv(t, func(c *api.Config) { c.Limits.BodyTime = 400 * time.Millisecond })
	stock(e)
	b := archiveOf(t, map[string]string{"b": "new"})
	send := func(pause time.Duration, pieces int) (int, string) {
		t.Helper()
		r, w := io.Pipe()
		var wg sync.WaitGroup
		defer wg.Wait()
		wg.Go(func() {
			for i := range pieces {
				if _, err := w.Write([]byte(b[i*len(b)/pieces : (i+1)*len(b)/pieces])); err != nil {
					return
				}
				wait, cancel := context.WithTimeout(t.Context(), pause)
				<-wait.Done()
				cancel()
			}
			_ = w.Close()
		})
		req, err := http.NewRequestWithContext(t.Context(), "POST", e.server.URL+"/api/kv/import/100000000000000001", r)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+e.tokens["admin"])
		req.Header.Set("Content-Type", "application/gzip")
		res, err := e.server.Client().Do(req)
		_ = r.CloseWithError(net.ErrClosed)
		if err != nil {
			return 0, err.Error()
		}
		defer func() { _ = res.Body.Close() }()
		return res.StatusCode, text(t, res)
	}
	if status, got := send(5*time.Second, 2); status != 408 {
		t.Errorf("a stalled upload: %d %s", status, got)
	}
	if got := e.value(guildA, "counters", "b"); got != "three" {
		t.Errorf("the value is %q", got)
	}
	if status, got := send(100*time.Millisecond, 10); status != 200 {
		t.Errorf("a slow upload: %d %s", status, got)
	}
	if got := e.value(guildA, "counters", "b"); got != "new" {
		t.Errorf("the value is %q", got)
	}
}
