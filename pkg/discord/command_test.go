package discord

import "testing"

func TestIsCommand(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		message, mark string
		want          bool
	}{
		"command":         {`{"content":"!ping","author":{"id":"1"}}`, "!", true},
		"long mark":       {`{"author":{"bot":false},"content":"flora, ping"}`, "flora, ", true},
		"escaped":         {`{"content":"\u0021ping"}`, "!", true},
		"white space":     {`{"content":" \n\ufeff\u00a0!ping"}`, "!", true},
		"no command":      {`{"content":"ping!","author":{"id":"1"}}`, "!", false},
		"a bot's":         {`{"content":"!ping","author":{"id":"1","bot":true}}`, "!", false},
		"a bot's, before": {`{"author":{"bot":true,"id":"1"},"content":"!ping"}`, "!", false},
		"no text":         {`{"content":"","author":{}}`, "!", false},
		"no content":      {`{"author":{}}`, "!", false},
		"no object":       {`[]`, "!", false},
		"other members":   {`{"embeds":[{"content":"!x"}],"content":"x","referenced_message":{"content":"!x"}}`, "!", false},
		"mark in the end": {`{"content":"!"}`, "!!", false},
	} {
		if got := IsCommand([]byte(row.message), row.mark); got != row.want {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

func BenchmarkIsCommand(b *testing.B) {
	message := []byte(`{"type":0,"tts":false,"timestamp":"2026-01-01T00:00:00.000000+00:00","pinned":false,"mentions":[],"mention_roles":[],"mention_everyone":false,"id":"1234567890123456789","flags":0,"embeds":[],"edited_timestamp":null,"content":"hello there, how are you","components":[],"channel_id":"1234567890123456789","author":{"username":"alice","public_flags":0,"id":"1234567890123456789","global_name":null,"discriminator":"0","avatar":null},"attachments":[],"guild_id":"1234567890123456789"}`)
	for b.Loop() {
		if IsCommand(message, "!") {
			b.Fatal("taken for a command")
		}
	}
}
