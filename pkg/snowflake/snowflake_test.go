package snowflake_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]snowflake.GuildID{
		"1": 1, "175928847299117063": 175928847299117063, "9223372036854775807": 1<<63 - 1,
	} {
		if got, err := snowflake.ParseGuild(text); err != nil || got != want || got.String() != text {
			t.Errorf("%s: got %d, %v", text, got, err)
		}
	}
	for name, text := range map[string]string{
		"nothing": "", "zero": "0", "leading zero": "01", "sign": "-1", "plus": "+1", "space": " 1", "2^63": "9223372036854775808",
		"2^64-1": "18446744073709551615", "huge": "100000000000000000000000000000", "hex": "0x10", "text": "abc", "fraction": "1.5",
	} {
		if got, err := snowflake.ParseGuild(text); !errors.Is(err, snowflake.ErrInvalid) {
			t.Errorf("%s: got %d, %v", name, got, err)
		}
	}
}

func TestJSON(t *testing.T) {
	t.Parallel()
	var v struct{ ID snowflake.ChannelID }
	if err := json.Unmarshal([]byte(`{"ID":"42"}`), &v); err != nil || v.ID != 42 {
		t.Fatalf("got %v, %v", v, err)
	}
	if b, err := json.Marshal(v); err != nil || string(b) != `{"ID":"42"}` {
		t.Fatalf("got %s, %v", b, err)
	}
	for _, doc := range []string{`{"ID":42}`, `{"ID":"x"}`, `{"ID":""}`, `{"ID":["1"]}`} {
		if err := json.Unmarshal([]byte(doc), &v); err == nil {
			t.Errorf("%s was taken", doc)
		}
	}
}

func TestTime(t *testing.T) {
	t.Parallel()
	// Discord's own example.
	id, err := snowflake.ParseGuild("175928847299117063")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := id.Time().UTC(), time.Date(2016, 4, 30, 11, 18, 25, 796e6, time.UTC); !got.Equal(want) {
		t.Fatalf("got %s, want %s", got, want)
	}
}
