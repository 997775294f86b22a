package cli

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/client"
)

// archive is a server with one archive, whose connections break.
type archive struct {
	*httptest.Server
	body []byte
	mu   sync.Mutex // Guards the members below.
	cuts []int      // How many bytes the next downloads bring before they break.
	gone bool       // Downloads are refused.
	made int
	from []string // Ranges that were asked for.
	got  []byte   // What was imported.
	mode string
}

func newArchive(t *testing.T, body []byte, cuts ...int) *archive {
	t.Helper()
	a := &archive{body: body, cuts: cuts}
	a.Server = httptest.NewServer(a)
	t.Cleanup(a.Close)
	return a
}

func (a *archive) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	doc := fmt.Sprintf(`{"backup_id":"e-1","created_at":"2025-05-06T07:08:09Z","bytes":%d}`, len(a.body))
	switch r.Method + " " + strings.TrimPrefix(r.URL.Path, "/api/kv/") {
	case "GET export/" + guildID:
		if a.made == 0 {
			doc = ""
		}
		_, _ = io.WriteString(w, `{"exports":[`+doc+`]}`)
	case "POST export/" + guildID:
		a.made++
		_, _ = io.WriteString(w, doc)
	case "GET export/" + guildID + "/e-1":
		a.from = append(a.from, r.Header.Get("Range"))
		a.download(w, r)
	case "POST import/" + guildID:
		a.mode = r.URL.Query().Get("mode")
		a.got, _ = io.ReadAll(r.Body)
		_, _ = io.WriteString(w, `{"stores":1,"keys":2,"expired":3}`)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

func (a *archive) download(w http.ResponseWriter, r *http.Request) {
	if a.gone {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	if len(a.cuts) == 0 {
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(a.body))
		return
	}
	n := a.cuts[0]
	a.cuts = a.cuts[1:]
	http.ServeContent(&cut{w, n}, r, "", time.Time{}, bytes.NewReader(a.body))
}

// cut breaks the connection after so many bytes.
type cut struct {
	http.ResponseWriter
	left int
}

func (c *cut) Write(p []byte) (int, error) {
	n, _ := c.ResponseWriter.Write(p[:min(len(p), c.left)])
	if c.left -= n; c.left == 0 {
		if f, ok := c.ResponseWriter.(http.Flusher); ok {
			f.Flush()
		}
		panic(http.ErrAbortHandler)
	}
	return n, nil
}

func zipped(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := io.WriteString(z, text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range list {
		out = append(out, e.Name())
	}
	return out
}

func (a *archive) tool(t *testing.T) *tool {
	t.Helper()
	return &tool{t: t, dir: t.TempDir(), env: []string{"HOME=" + t.TempDir(), "FLORA_API_URL=" + a.URL, "FLORA_TOKEN=" + token, "FLORA_GUILD=" + guildID, "FLORA_RETRY_SECS=0"}}
}

// TestExportOverABrokenLine: a download goes on where it broke, and the file is
// whole or not there.
func TestExportOverABrokenLine(t *testing.T) {
	t.Parallel()
	body := zipped(t, strings.Repeat("line\n", 50))
	a := newArchive(t, body, 7, 3)
	u := a.tool(t)
	code, stdout, stderr := u.run("kv", "export", "out.gz")
	if code != OK || !strings.Contains(stdout, "Saved the stores of guild "+guildID) || !strings.Contains(stderr, "going on at byte 10") {
		t.Fatalf("%d %q %q", code, stdout, stderr)
	}
	if got, err := os.ReadFile(filepath.Join(u.dir, "out.gz")); err != nil || !bytes.Equal(got, body) {
		t.Errorf("%d bytes of %d, %v", len(got), len(body), err)
	}
	if n := names(t, u.dir); len(n) != 1 {
		t.Errorf("left are %q", n)
	}
	if want := []string{"", "bytes=7-", "bytes=10-"}; fmt.Sprint(a.from) != fmt.Sprint(want) {
		t.Errorf("%q", a.from)
	}
}

// TestExportGoesOnLater: what an ended command left is taken up by the next.
func TestExportGoesOnLater(t *testing.T) {
	t.Parallel()
	body := zipped(t, strings.Repeat("line\n", 50))
	a := newArchive(t, body, 7)
	u := a.tool(t)
	u.env = append(u.env, "FLORA_RETRY_SECS=0")
	part := filepath.Join(u.dir, "kv-"+guildID+".jsonl.gz.e-1.part")
	a.mu.Lock()
	a.made, a.gone = 1, true // It is refused from the second download on.
	a.mu.Unlock()
	if err := os.WriteFile(part, body[:9], 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := u.run("kv", "export"); code != NotFound || !strings.Contains(stderr, "run the command again to go on") {
		t.Fatalf("%d %q", code, stderr)
	}
	if n := names(t, u.dir); len(n) != 1 || n[0] != filepath.Base(part) {
		t.Fatalf("left are %q", n)
	}
	a.mu.Lock()
	a.gone, a.cuts = false, nil
	a.mu.Unlock()
	code, _, stderr := u.run("kv", "export")
	if code != OK || !strings.Contains(stderr, "going on with the archive of ") || a.made != 1 {
		t.Fatalf("%d %q, %d exports", code, stderr, a.made)
	}
	if got, err := os.ReadFile(filepath.Join(u.dir, "kv-"+guildID+".jsonl.gz")); err != nil || !bytes.Equal(got, body) {
		t.Errorf("%d bytes of %d, %v", len(got), len(body), err)
	}
	// Another store's part is not taken for it.
	e := client.Export{ID: "e-1"}
	if partFile("f", "a", e) == partFile("f", "", e) {
		t.Error("an archive of one store looks like one of all")
	}
}

func TestExportThatIsBroken(t *testing.T) {
	t.Parallel()
	body := zipped(t, "line\n")
	body[len(body)-6]++ // Its sum.
	a := newArchive(t, body)
	u := a.tool(t)
	if code, _, stderr := u.run("kv", "export", "out.gz"); code != Failure || !strings.Contains(stderr, "is broken") {
		t.Errorf("%d %q", code, stderr)
	}
	if n := names(t, u.dir); len(n) != 0 {
		t.Errorf("left are %q", n)
	}
	u.write("out.gz", "mine")
	if code, _, stderr := u.run("kv", "export", "out.gz"); code != Conflict || !strings.Contains(stderr, "give --force") {
		t.Errorf("%d %q", code, stderr)
	}
	if code, _, _ := u.run("kv", "export", "out.gz", "--force"); code != Failure {
		t.Errorf("%d", code)
	}
	if b, err := os.ReadFile(filepath.Join(u.dir, "out.gz")); err != nil || string(b) != "mine" {
		t.Errorf("%q %v", b, err)
	}
}

func TestImport(t *testing.T) {
	t.Parallel()
	body := zipped(t, "line\n")
	rows := map[string]struct {
		args     []string
		terminal bool
		stdin    string
		code     ExitCode
		mode     string
		stderr   string
	}{
		"merge":               {[]string{"in.gz"}, false, "", OK, "merge", ""},
		"replace in a script": {[]string{"in.gz", "--replace"}, false, "", OK, "replace", ""},
		"replace, asked":      {[]string{"in.gz", "--replace"}, true, "y\n", OK, "replace", "[y/N]"},
		"replace, no":         {[]string{"in.gz", "--replace"}, true, "\n", Failure, "", "nothing was changed"},
		"replace, said":       {[]string{"in.gz", "--replace", "-y"}, true, "", OK, "replace", ""},
		"what is no archive":  {[]string{"x.txt"}, false, "", Usage, "", "is no archive of `flora kv export`: it is not in gzip"},
		"a folder":            {[]string{"."}, false, "", Usage, "", "it is no file"},
		"what is not there":   {[]string{"none.gz"}, false, "", Usage, "", "none.gz"},
		"nothing":             {nil, false, "", Usage, "", "name the file that `flora kv export` made"},
		"two":                 {[]string{"a", "b"}, false, "", Usage, "", "accepts 1 argument, received 2"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newArchive(t, nil)
			u := a.tool(t)
			u.write("in.gz", string(body))
			u.write("x.txt", "text")
			u.terminal, u.stdin = row.terminal, row.stdin
			code, _, stderr := u.run(append([]string{"kv", "import"}, row.args...)...)
			if code != row.code || a.mode != row.mode || !strings.Contains(stderr, row.stderr) {
				t.Errorf("%d %q %q", code, a.mode, stderr)
			}
			if row.mode != "" && !bytes.Equal(a.got, body) {
				t.Errorf("%d bytes of %d came", len(a.got), len(body))
			}
		})
	}
}

// TestExportOfALiar: a server's id of an archive leads to no other file.
func TestExportOfALiar(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"", "x/../../out", `x\\..\\out`, "..", "a\\u0000"} {
		for name, doc := range map[string]map[string]answer{
			"kept": {"GET /api/kv/export/" + guildID: {body: `{"exports":[{"backup_id":"` + id + `","bytes":1}]}`}},
			"made": {"GET /api/kv/export/" + guildID: {body: `{"exports":[]}`}, "POST /api/kv/export/" + guildID: {body: `{"backup_id":"` + id + `","bytes":1}`}},
		} {
			s := newServer(t, doc)
			u := newTool(t, s)
			if code, _, stderr := u.run("kv", "export", "out.gz"); code != Failure || !strings.Contains(stderr, "is none") {
				t.Errorf("%s %q: %d %q", name, id, code, stderr)
			}
			if n := names(t, u.dir); len(n) != 0 {
				t.Errorf("%s %q: left are %q", name, id, n)
			}
		}
	}
}
