package discord

import (
	"context"

	"github.com/diamondburned/arikawa/v3/gateway"
	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/discord/catalog"
	"github.com/flora-runtime/flora-runtime/pkg/discord/internal/jsonscan"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// maxKinds and maxKindName bound the names of events that a shard remembers.
const (
	maxKinds    = 1024
	maxKindName = 128
)

// kind is what a type of event means to the runtime itself.
type kind struct {
	name  string // The same text every time, so that events make no garbage.
	guild string // The member of the data that holds the guild's id.
	state func(*State, int, snowflake.GuildID, []byte) (join, leave bool)
	own   func(*link, []byte, int64) error // READY and RESUMED.
}

// kinds interns the types that come.
type kinds map[string]*kind

func (k kinds) of(typ []byte) *kind {
	if t := k[string(typ)]; t != nil {
		return t
	}
	t := &kind{name: string(typ), guild: "guild_id", state: stateEvents[string(typ)]}
	if e := catalog.ByType(t.name); e != nil {
		t.guild = e.Guild
	}
	switch t.name {
	case "READY":
		t.own = (*link).ready
	case "RESUMED":
		t.own = (*link).resumed
	}
	if len(k) < maxKinds && len(typ) <= maxKindName {
		k[t.name] = t
	}
	return t
}

// dispatch hands one event over. What nobody wants ends here, unread.
func (l *link) dispatch(ctx context.Context, e envelope) error {
	s := l.shard
	k := s.kinds.of(e.typ)
	if k.own != nil {
		return k.own(l, e.d, e.seq)
	}
	wanted := s.gateway.sink.Wants(k.name)
	if wanted || k.state != nil {
		guild, data, ok := inspect(k.guild, e.d)
		switch {
		case !ok:
			s.log.Warn("event is dropped: its data is no JSON object", zap.String("event", k.name), zap.Int64("seq", e.seq))
		case !guild.IsZero():
			s.hand(ctx, k, wanted, Event{Type: k.name, Guild: guild, Data: data, Shard: s.id, Seq: e.seq, slot: s.slot})
		}
	}
	l.seq.Store(e.seq)
	s.slot.Advance(e.seq)
	return nil
}

// hand gives the event to the state and to the sink.
func (s *shard) hand(ctx context.Context, k *kind, wanted bool, e Event) {
	sink := s.gateway.sink
	var join, leave bool
	if k.state != nil {
		join, leave = k.state(s.gateway.state, s.id, e.Guild, e.Data)
	}
	if join {
		sink.Join(e.Guild)
	}
	if wanted {
		// What an earlier process had done with is replayed when something before it
		// was not.
		if f := s.slot.Fate(e.Seq); f != FateSettled {
			e.Lost = f == FateBegun
			sink.HandleEvent(ctx, e)
		}
	}
	if leave {
		sink.Leave(e.Guild)
	}
}

// ready begins a session.
func (l *link) ready(d []byte, seq int64) error {
	s := l.shard
	var session Session
	var user, guilds []byte
	var app snowflake.ApplicationID
	ok := jsonscan.Members(d, func(key, value []byte) bool {
		switch string(key) {
		case "session_id":
			session.ID = jsonscan.Text(value)
		case "resume_gateway_url":
			session.URL = jsonscan.Text(value)
		case "user":
			user = value
		case "guilds":
			guilds = value
		case "application":
			app = snowflake.ApplicationID(jsonscan.ID(jsonscan.Get(value, "id")))
		}
		return true
	})
	if !ok || session.ID == "" {
		return errEnvelope
	}
	session.Seq, session.Intents = seq, l.intents
	l.seq.Store(seq)
	s.gateway.prove(l.intents)
	if err := s.slot.Save(session); err != nil {
		s.log.Warn("gateway session is not kept: a restart will not resume it", zap.Error(err))
	}
	s.gateway.self.set(app, UserPayload(user))
	s.begin(readGuilds(guilds))
	l.up.Store(true)
	l.tell(&gateway.ReadyEvent{SessionID: session.ID}, seq)
	s.connected(false, false)
	return nil
}

// resumed ends the replay of a resumed session.
func (l *link) resumed(_ []byte, seq int64) error {
	l.seq.Store(seq)
	s := l.shard
	s.slot.Advance(seq)
	unseen := !s.begun
	s.begun = true
	l.up.Store(true)
	l.tell(&gateway.ResumedEvent{}, seq)
	s.connected(true, unseen)
	return nil
}

func readGuilds(raw []byte) []snowflake.GuildID {
	var out []snowflake.GuildID
	jsonscan.Elements(raw, func(value []byte) bool {
		if id := snowflake.GuildID(jsonscan.ID(jsonscan.Get(value, "id"))); !id.IsZero() {
			out = append(out, id)
		}
		return true
	})
	return out
}

// begin takes the guilds of a new session. Those of the first one are no news;
// later ones show what happened while there was no session.
func (s *shard) begin(guilds []snowflake.GuildID) {
	state, sink := s.gateway.state, s.gateway.sink
	for _, id := range state.begin(s.id, guilds) {
		sink.Leave(id)
	}
	joined := state.admit(s.id, guilds)
	if s.begun {
		for _, id := range joined {
			sink.Join(id)
		}
	}
	s.begun = true
}
