package discord

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// apply gives the state an event as a reader does.
func apply(t *testing.T, s *State, eventType, data string) (join, leave bool) {
	t.Helper()
	guild, d, ok := inspect(kinds{}.of([]byte(eventType)).guild, []byte(data))
	if !ok {
		t.Fatalf("%s: %s is no object", eventType, data)
	}
	return stateEvents[eventType](s, 0, guild, d)
}

func TestState(t *testing.T) {
	t.Parallel()
	const create = `{"id":"1","channels":[{"id":"10","type":0},{"id":"11","type":4},{"id":"12","type":0,"parent_id":"11"}],
		"threads":[{"id":"20","type":11,"parent_id":"10"},{"id":"21","type":12,"parent_id":"12"}],"name":"{\"id\":\"99\"}"}`
	for _, c := range []struct {
		name   string
		events [][2]string
		want   string // Channels as id:parent:type.
		join   bool
		leave  bool
	}{
		{"a guild", [][2]string{{"GUILD_CREATE", create}}, "10:0:0 11:0:4 12:11:0 20:10:11 21:12:12", true, false},
		{"the same guild anew", [][2]string{{"GUILD_CREATE", create}, {"GUILD_CREATE", `{"id":"1","channels":[{"id":"10","type":5}]}`}}, "10:0:5", false, false},
		{"an outage", [][2]string{{"GUILD_CREATE", create}, {"GUILD_DELETE", `{"id":"1","unavailable":true}`}}, "10:0:0 11:0:4 12:11:0 20:10:11 21:12:12", false, false},
		{"an outage from the start", [][2]string{{"GUILD_CREATE", create}, {"GUILD_CREATE", `{"id":"1","unavailable":true}`}}, "10:0:0 11:0:4 12:11:0 20:10:11 21:12:12", false, false},
		{"leaving", [][2]string{{"GUILD_CREATE", create}, {"GUILD_DELETE", `{"id":"1"}`}}, "", false, true},
		{"coming back", [][2]string{{"GUILD_CREATE", create}, {"GUILD_DELETE", `{"id":"1"}`}, {"GUILD_CREATE", `{"id":"1"}`}}, "", true, false},
		{"a new channel", [][2]string{{"GUILD_CREATE", create}, {"CHANNEL_CREATE", `{"id":"13","guild_id":"1","type":2}`}}, "10:0:0 11:0:4 12:11:0 13:0:2 20:10:11 21:12:12", false, false},
		{"a moved channel", [][2]string{{"GUILD_CREATE", create}, {"CHANNEL_UPDATE", `{"id":"10","guild_id":"1","type":0,"parent_id":"11"}`}}, "10:11:0 11:0:4 12:11:0 20:10:11 21:12:12", false, false},
		{"a deleted channel takes its threads along", [][2]string{{"GUILD_CREATE", create}, {"CHANNEL_DELETE", `{"id":"10","guild_id":"1"}`}}, "11:0:4 12:11:0 21:12:12", false, false},
		{"a deleted category leaves its channels", [][2]string{{"GUILD_CREATE", create}, {"CHANNEL_DELETE", `{"id":"11","guild_id":"1"}`}}, "10:0:0 12:11:0 20:10:11 21:12:12", false, false},
		{"a deleted thread", [][2]string{{"GUILD_CREATE", create}, {"THREAD_DELETE", `{"id":"20","guild_id":"1"}`}}, "10:0:0 11:0:4 12:11:0 21:12:12", false, false},
		{"another guild's channel is not deleted", [][2]string{{"GUILD_CREATE", create}, {"CHANNEL_DELETE", `{"id":"10","guild_id":"2"}`}}, "10:0:0 11:0:4 12:11:0 20:10:11 21:12:12", false, false},
		{"an archived thread is let go", [][2]string{{"GUILD_CREATE", create}, {"THREAD_UPDATE", `{"id":"20","guild_id":"1","type":11,"thread_metadata":{"archived":true}}`}}, "10:0:0 11:0:4 12:11:0 21:12:12", false, false},
		{"all threads anew", [][2]string{{"GUILD_CREATE", create}, {"THREAD_LIST_SYNC", `{"guild_id":"1","threads":[{"id":"22","type":11,"parent_id":"10"}]}`}}, "10:0:0 11:0:4 12:11:0 22:10:11", false, false},
		{"a channel's threads anew", [][2]string{{"GUILD_CREATE", create}, {"THREAD_LIST_SYNC", `{"guild_id":"1","channel_ids":["10"],"threads":[{"id":"22","type":11,"parent_id":"10"}]}`}}, "10:0:0 11:0:4 12:11:0 21:12:12 22:10:11", false, false},
		{"a thread in a guild that was not told", [][2]string{{"THREAD_CREATE", `{"id":"20","guild_id":"1","type":11,"parent_id":"10"}`}}, "20:10:11", true, false},
		{"a channel without a guild", [][2]string{{"CHANNEL_CREATE", `{"id":"20","type":1}`}}, "", false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newState()
			var join, leave bool
			for _, e := range c.events {
				join, leave = apply(t, s, e[0], e[1])
			}
			var got []string
			for _, ch := range s.Channels(1) {
				got = append(got, fmt.Sprintf("%d:%d:%d", ch.ID, ch.Parent, ch.Type))
				if again, ok := s.Channel(ch.ID); !ok || again != ch {
					t.Errorf("%+v is found as %+v", ch, again)
				}
			}
			if strings.Join(got, " ") != c.want || join != c.join || leave != c.leave {
				t.Errorf("got %v, join %v, leave %v; want %s, %v, %v", got, join, leave, c.want, c.join, c.leave)
			}
			if len(s.channels) != len(got) {
				t.Errorf("%d channels are kept, %d of the guild", len(s.channels), len(got))
			}
		})
	}
}

func TestStateIsBounded(t *testing.T) {
	t.Parallel()
	s := newState()
	var list []string
	for i := range maxGuildChannels + 100 {
		list = append(list, fmt.Sprintf(`{"id":"%d","type":0}`, i+1000))
	}
	apply(t, s, "GUILD_CREATE", `{"id":"1","channels":[`+strings.Join(list, ",")+`],"threads":[`+strings.Join(list[50:], ",")+`]}`)
	apply(t, s, "CHANNEL_CREATE", `{"id":"99","guild_id":"1"}`)
	if n := len(s.Channels(1)); n != maxGuildChannels {
		t.Errorf("%d channels of a guild are kept", n)
	}
	for i := range maxGone + 10 {
		apply(t, s, "GUILD_DELETE", fmt.Sprintf(`{"id":"%d"}`, i+5))
	}
	if n := len(s.gone); n != maxGone {
		t.Errorf("%d guilds that were left are remembered", n)
	}
}

func TestStateSeedLeavesOutWhatWasLeft(t *testing.T) {
	t.Parallel()
	s := newState()
	s.open(0)
	apply(t, s, "GUILD_DELETE", `{"id":"2"}`)
	apply(t, s, "GUILD_CREATE", `{"id":"3","channels":[{"id":"30","type":0}]}`)
	s.seed([]snowflake.GuildID{1, 2, 3}, func(snowflake.GuildID) (int, bool) { return 0, true })
	if diff := cmp.Diff([]snowflake.GuildID{1, 3}, s.Guilds()); diff != "" {
		t.Errorf("guilds (-want +got):\n%s", diff)
	}
	if len(s.Channels(3)) != 1 || !s.Has(1) || s.Has(2) {
		t.Error("what was known is lost")
	}
}
