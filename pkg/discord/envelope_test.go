package discord

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

func TestScanEnvelope(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, in string
		op       int
		seq      int64
		typ, d   string
		bad      bool
	}{
		{name: "Discord's order", in: `{"t":"MESSAGE_CREATE","s":42,"op":0,"d":{"id":"1"}}`, seq: 42, typ: "MESSAGE_CREATE", d: `{"id":"1"}`},
		{name: "d first", in: `{"d":{"t":"X","s":1},"op":0,"s":7,"t":"Y"}`, seq: 7, typ: "Y", d: `{"t":"X","s":1}`},
		{name: "d in the middle", in: `{"op":0,"d":[1],"s":7,"t":"Y"}`, seq: 7, typ: "Y", d: `[1]`},
		{name: "no dispatch", in: `{"t":null,"s":null,"op":10,"d":{"heartbeat_interval":1}}`, op: 10, d: `{"heartbeat_interval":1}`},
		{name: "white space", in: " {\n\"t\" : \"A\" , \"s\" : 3 ,\t\"op\":0, \"d\" : {} }\n", seq: 3, typ: "A", d: `{} `},
		{name: "no d", in: `{"op":11}`, op: 11},
		{name: "more members", in: `{"op":0,"x":{"op":9},"s":1,"t":"A","d":1}`, seq: 1, typ: "A", d: `1`},
		{name: "what d holds is not looked at", in: `{"t":"A","s":1,"op":0,"d":{"broken`, seq: 1, typ: "A", d: `{"broken`},
		{name: "empty", in: ``, bad: true},
		{name: "an array", in: `[]`, bad: true},
		{name: "no op", in: `{"t":"A","s":1,"d":{}}`, bad: true},
		{name: "empty object", in: `{}`, bad: true},
		{name: "cut before d", in: `{"t":"A","s":1,`, bad: true},
		{name: "cut key", in: `{"t`, bad: true},
		{name: "no colon", in: `{"op" 1}`, bad: true},
		{name: "text after it", in: `{"op":1} x`, bad: true},
		{name: "a cut value", in: `{"op":1,"s":"`, bad: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			e, err := scanEnvelope([]byte(c.in))
			if c.bad {
				if err == nil {
					t.Fatalf("accepted as %+v", e)
				}
				return
			}
			if err != nil || e.op != c.op || e.seq != c.seq || string(e.typ) != c.typ || string(e.d) != c.d {
				t.Errorf("got %d %d %q %q, %v", e.op, e.seq, e.typ, e.d, err)
			}
		})
	}
}

func TestInspect(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		eventType, d string
		guild        snowflake.GuildID
		data         string
		bad          bool
	}{
		{eventType: "MESSAGE_CREATE", d: `{"message_reference":{"guild_id":"9"},"content":"\"guild_id\":\"8\"","guild_id":"7"}`, guild: 7},
		{eventType: "GUILD_CREATE", d: `{"id":"5","guild_id":"6"}`, guild: 5},
		{eventType: "GUILD_BAN_ADD", d: `{"guild_id":"6"}`, guild: 6},
		{eventType: "MESSAGE_CREATE", d: `{"id":"6"}`},
		{eventType: "MESSAGE_CREATE", d: `{"guild_id":null}`},
		{eventType: "MESSAGE_CREATE", d: `{"guild_id":"6"},"more":{}`, guild: 6, data: `{"guild_id":"6"}`},
		{eventType: "MESSAGE_CREATE", d: `{"broken`, bad: true},
		{eventType: "MESSAGE_CREATE", d: `[]`, bad: true},
	} {
		if c.data == "" {
			c.data = c.d
		}
		guild, data, ok := inspect(kinds{}.of([]byte(c.eventType)).guild, []byte(c.d))
		if ok == c.bad || !c.bad && (guild != c.guild || string(data) != c.data) {
			t.Errorf("%s %s: got %d, %q, %v", c.eventType, c.d, guild, data, ok)
		}
	}
}

func FuzzScanEnvelope(f *testing.F) {
	for _, s := range []string{`{"t":"A","s":1,"op":0,"d":{"guild_id":"1"}}`, `{"d":{},"op":0,"s":1,"t":"A"}`, `{"op":`, `{"op":1,"d":null}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := scanEnvelope(b)
		if err != nil {
			if json.Valid(b) && strings.HasPrefix(string(b), `{"t":"A","s":1,"op":0,"d":`) {
				t.Fatalf("refuses %q", b)
			}
			return
		}
		inspect("guild_id", e.d)
		var want struct {
			Op int             `json:"op"`
			D  json.RawMessage `json:"d"`
		}
		// Names that differ in case would be the same to encoding/json.
		if !json.Valid(b) || strings.ContainsAny(string(b), `\`) || strings.Count(string(b), `"op"`) != 1 || strings.Count(string(b), `"d"`) != 1 ||
			strings.Contains(string(b), `"OP"`) || strings.Contains(string(b), `"D"`) || json.Unmarshal(b, &want) != nil {
			return
		}
		if want.D != nil && strings.TrimSpace(string(e.d)) != strings.TrimSpace(string(want.D)) && !strings.Contains(string(b), `"Op"`) {
			// d came last and something else came after it.
			if !strings.HasPrefix(string(e.d), strings.TrimSpace(string(want.D))) {
				t.Fatalf("%q: d is %q, want %q", b, e.d, want.D)
			}
		}
	})
}
