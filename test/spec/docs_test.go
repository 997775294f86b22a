package spec

import (
	"encoding/json"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var block = regexp.MustCompile("(?s)```ts\n(.*?)```")

// TestDocumentedScriptsLoad deploys every script of the documentation.
func TestDocumentedScriptsLoad(t *testing.T) {
	t.Parallel()
	var scripts []string
	for _, name := range []string{"../../README.md", "../../docs/sdk.md", "../../docs/events.md", "../../docs/fetch.md"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range block.FindAllStringSubmatch(string(text), -1) {
			scripts = append(scripts, m[1])
		}
	}
	if len(scripts) < 8 {
		t.Fatalf("only %d scripts were found", len(scripts))
	}
	// A guild each: deploys are limited by guild.
	p := dev(t, t.TempDir(), "--guilds", strconv.Itoa(len(scripts)))
	tok := token(t, p)
	_, answer, err := call("GET", p.url+"/sim", "", nil)
	var world struct{ Guilds []struct{ ID string } }
	if err == nil {
		err = json.Unmarshal(answer, &world)
	}
	if err != nil {
		t.Fatal(err)
	}
	for i, source := range scripts {
		body, err := json.Marshal(map[string]any{"entry": "main.ts", "files": []map[string]string{{"path": "main.ts", "contents": source}}})
		if err != nil {
			t.Fatal(err)
		}
		status, answer, err := call("POST", p.url+"/api/deployments/"+world.Guilds[i].ID, tok, body)
		if err != nil || status != http.StatusOK || strings.Contains(string(answer), `"warnings"`) {
			t.Errorf("%d %s %v:\n%s", status, answer, err, source)
		}
	}
}
