package discordsim

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// TestWritesNeedPermissions takes everything but sight from the bot: no route
// that changes the guild, or shows what only its managers see, works then.
func TestWritesNeedPermissions(t *testing.T) {
	t.Parallel()
	s, err := New(Config{NoRateLimits: true})
	if err != nil {
		t.Fatal(err)
	}
	g := s.guildOrder[0]
	voice := newChannel(g, snowflake.ChannelID(s.ids.next()), channelVoice, "v")
	stage := newChannel(g, snowflake.ChannelID(s.ids.next()), channelStage, "s")
	s.addChannel(voice)
	s.addChannel(stage)
	put(&g.stickers, 1, &sticker{ID: 1})
	put(&g.sounds, 1, &sound{ID: 1})
	put(&g.events, 1, &scheduledEvent{ID: 1})
	put(&g.rules, 1, &automodRule{ID: 1})
	put(&g.templates, "code", &template{Code: "code"})
	put(&g.stages, stage.ID, &stageInstance{ChannelID: stage.ID})
	put(&g.voice, s.bot.ID, &voiceState{UserID: s.bot.ID, ChannelID: &stage.ID})
	for _, r := range g.roles {
		r.Permissions = permViewChannel
	}
	guild, text := "/guilds/"+g.ID.String(), ""
	for id, ch := range g.channels {
		if ch.Type == channelText {
			text = "/channels/" + id.String()
		}
	}
	stageText := `{"channel_id":"` + stage.ID.String() + `","topic":"t"}`
	for _, c := range []struct{ method, path, body string }{
		{"PATCH", guild, `{"name":"xx"}`},
		{"GET", guild + "/audit-logs", ""},
		{"GET", guild + "/prune", ""},
		{"POST", guild + "/prune", "{}"},
		{"GET", guild + "/integrations", ""},
		{"GET", guild + "/vanity-url", ""},
		{"GET", guild + "/widget", ""},
		{"PATCH", guild + "/widget", "{}"},
		{"PATCH", guild + "/welcome-screen", "{}"},
		{"PUT", guild + "/onboarding", "{}"},
		{"PUT", guild + "/incident-actions", "{}"},
		{"GET", guild + "/templates", ""},
		{"POST", guild + "/templates", `{"name":"t"}`},
		{"PUT", guild + "/templates/code", ""},
		{"PATCH", guild + "/templates/code", "{}"},
		{"DELETE", guild + "/templates/code", ""},
		{"POST", guild + "/stickers", `{"name":"st","tags":"t"}`},
		{"PATCH", guild + "/stickers/1", "{}"},
		{"DELETE", guild + "/stickers/1", ""},
		{"POST", guild + "/soundboard-sounds", "{}"},
		{"PATCH", guild + "/soundboard-sounds/1", "{}"},
		{"DELETE", guild + "/soundboard-sounds/1", ""},
		{"POST", "/channels/" + voice.ID.String() + "/send-soundboard-sound", `{"sound_id":"1"}`},
		{"POST", guild + "/scheduled-events", "{}"},
		{"PATCH", guild + "/scheduled-events/1", "{}"},
		{"DELETE", guild + "/scheduled-events/1", ""},
		{"GET", guild + "/auto-moderation/rules", ""},
		{"POST", guild + "/auto-moderation/rules", "{}"},
		{"PATCH", guild + "/auto-moderation/rules/1", "{}"},
		{"DELETE", guild + "/auto-moderation/rules/1", ""},
		{"POST", "/stage-instances", stageText},
		{"PATCH", "/stage-instances/" + stage.ID.String(), "{}"},
		{"DELETE", "/stage-instances/" + stage.ID.String(), ""},
		{"PATCH", guild + "/voice-states/@me", `{"suppress":false}`},
		{"PATCH", guild + "/voice-states/" + s.bot.ID.String(), `{"suppress":true}`},
		{"PUT", "/channels/" + voice.ID.String() + "/voice-status", "{}"},
		{"POST", text + "/followers", `{"webhook_channel_id":"` + strings.TrimPrefix(text, "/channels/") + `"}`},
	} {
		req := httptest.NewRequestWithContext(t.Context(), c.method, "/api/v10"+c.path, strings.NewReader(c.body))
		req.Header.Set("Authorization", "Bot x")
		req.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, req)
		if w.Code != 403 || !strings.Contains(w.Body.String(), "50013") {
			t.Errorf("%s %s: %d %s", c.method, c.path, w.Code, w.Body)
		}
	}
	if len(g.audits) != 0 {
		t.Errorf("what was refused is in the audit log: %+v", g.audits)
	}
}
