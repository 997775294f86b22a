package discordsim

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// BenchmarkReply is one answer of a bot: the request of a message that replies
// to another, and its event for one session.
func BenchmarkReply(b *testing.B) {
	s, err := New(Config{NoRateLimits: true})
	if err != nil {
		b.Fatal(err)
	}
	s.sessions["x"] = &session{id: "x", intents: intentsKnown, shard: [2]uint64{0, 1}, replay: replayBuffer{limit: 1000}}
	ch := s.guildOrder[0].sortedChannels(false)[0]
	m, err := s.say(ch, sayRequest{Content: "!ping"})
	if err != nil {
		b.Fatal(err)
	}
	h := s.Handler()
	body := `{"content":"pong","message_reference":{"message_id":"` + m.ID.String() + `"}}`
	path := "/api/v10/channels/" + ch.ID.String() + "/messages"
	b.ReportAllocs()
	for b.Loop() {
		if len(ch.messages.list) > 900 {
			ch.messages.list = ch.messages.list[:1]
		}
		r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
		r.Header.Set("Authorization", "Bot x")
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			b.Fatal(w.Code, w.Body)
		}
	}
}
