package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestFramesAreOfTheProject: what a script throws names any file and place.
func TestFramesAreOfTheProject(t *testing.T) {
	t.Parallel()
	dir := testProject(t, map[string]string{"project/a.test.ts": "throw 1\n", "secret": "hush\n"})
	if err := os.Symlink(filepath.Join(dir, "secret"), filepath.Join(dir, "project", "link.ts")); err != nil {
		t.Fatal(err)
	}
	for _, at := range []string{"../secret:1:1", "link.ts:1:1", filepath.Join(dir, "secret") + ":1:1", "a.test.ts:1:9223372036854775807", "a.test.ts:1:-1", "/dev/zero:1:1", "../../../../../../../../dev/zero:1:1"} {
		events := `{"event":"file","file":"a.test.ts"}
{"event":"result","file":"a.test.ts","test":["one"],"status":"failed","error":{"name":"Error","message":"m","stack":"at f (` + at + `)"}}
{"event":"file_end","file":"a.test.ts"}
`
		code, stdout, stderr := runTest(t, filepath.Join(dir, "project"), fakeRuntime(t, say(events)))
		if code != Failure || strings.Contains(stdout+stderr, "hush") {
			t.Errorf("%s: exit code %d\n%s%s", at, code, stdout, stderr)
		}
		if framed := strings.Contains(stdout, "> 1 | throw 1"); framed != strings.HasPrefix(at, "a.test.ts:1:9") {
			t.Errorf("%s: the source is shown: %t\n%s", at, framed, stdout)
		}
	}
}
