package discordsim_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/flora-runtime/flora-runtime/pkg/discordsim"
)

// fuzzed is a simulator whose handler is called directly.
func fuzzed(f *testing.F) *discordsim.Sim {
	f.Helper()
	sim, err := discordsim.New(discordsim.Config{NoRateLimits: true, AnswerWithin: 1})
	if err != nil {
		f.Fatal(err)
	}
	return sim
}

// never5xx sends a body and fails when the answer is a failure of the simulator.
func never5xx(t *testing.T, sim *discordsim.Sim, method, path, body string) {
	t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bot x")
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	sim.Handler().ServeHTTP(w, r)
	if w.Code >= http.StatusInternalServerError {
		t.Errorf("%s %s with %q: %d %s", method, path, body, w.Code, w.Body)
	}
}

const (
	firstGuild   = "661720242589794304"
	firstChannel = "661720242589794305"
)

func FuzzMessage(f *testing.F) {
	for _, seed := range []string{
		`{"content":"x","embeds":[{"title":"t","fields":[{"name":"n","value":"v"}]}],"allowed_mentions":{"parse":["users"]}}`,
		`{"flags":32768,"components":[{"type":17,"components":[{"type":9,"components":[{"type":10,"content":"x"}],"accessory":{"type":11,"media":{"url":"https://x"}}}]}]}`,
		`{"components":[{"type":1,"components":[{"type":3,"custom_id":"x","options":[{"label":"a","value":"b","emoji":{"id":"1"}}]}]}]}`,
		`{"poll":{"question":{"text":"x"},"answers":[{"poll_media":{"text":"a"}}],"duration":1e3}}`,
		`{"message_reference":{"type":1,"message_id":"1","channel_id":1},"nonce":1,"attachments":[{"id":0}]}`,
	} {
		f.Add(seed)
	}
	sim := fuzzed(f)
	f.Fuzz(func(t *testing.T, body string) {
		never5xx(t, sim, "POST", "/api/v10/channels/"+firstChannel+"/messages", body)
	})
}

func FuzzCommands(f *testing.F) {
	for _, seed := range []string{
		`[{"name":"a","description":"b","options":[{"type":2,"name":"g","description":"x","options":[{"type":1,"name":"s","description":"x"}]}]}]`,
		`[{"name":"a","description":"b","options":[{"type":4,"name":"n","description":"x","min_value":1,"choices":[{"name":"a","value":1}]}]}]`,
		`[{"name":"x","type":2,"name_localizations":{"de":"y"},"contexts":[0],"default_member_permissions":"8"}]`,
	} {
		f.Add(seed)
	}
	sim := fuzzed(f)
	path := "/api/v10/applications/" + sim.ApplicationID().String() + "/guilds/" + firstGuild + "/commands"
	f.Fuzz(func(t *testing.T, body string) { never5xx(t, sim, "PUT", path, body) })
}

func FuzzControl(f *testing.F) {
	for _, seed := range [][2]string{
		{"/guilds/" + firstGuild + "/interactions", `{"command":"a","options":{"x":1},"author":"bob"}`},
		{"/guilds/" + firstGuild + "/channels/" + firstChannel + "/messages", `{"content":"x","reply_to":"1"}`},
		{"/guilds/" + firstGuild + "/events", `{"type":"TYPING_START","data":{}}`},
		{"/faults", `{"route":"GET /x","status":502}`},
		{"/gateway", `{"action":"drop"}`},
	} {
		f.Add(seed[0], seed[1])
	}
	sim := fuzzed(f)
	f.Fuzz(func(t *testing.T, path, body string) {
		if strings.ContainsAny(path, " \x00\r\n?#%") || strings.Contains(path, "flood") || !strings.HasPrefix(path, "/") {
			return
		}
		for _, c := range []byte(path) {
			if c < ' ' || c > '~' {
				return
			}
		}
		never5xx(t, sim, "POST", "/sim"+path, body)
	})
}
