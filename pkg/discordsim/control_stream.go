package discordsim

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

const (
	// maxStreams bounds the streams that are open at once.
	maxStreams = 64
	// streamAlive is how often a stream says that it is still there.
	streamAlive = 15 * time.Second
	// streamBytes is about how much is sent at once.
	streamBytes = 256 << 10
)

// stream is a running answer: it writes server-sent events until the reader,
// the guild or the simulator ends.
type stream struct {
	sim    *Sim
	guild  *guild
	viewer snowflake.UserID
	seq    uint64 // The last change that was sent.
	w      http.ResponseWriter
	rc     *http.ResponseController
}

// controlStream follows one guild with the eyes of a member ("as"), or of
// everybody.
func (s *Sim) controlStream(c *controlCall) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := c.guild()
	if err != nil {
		return nil, err
	}
	st := &stream{sim: s, guild: g}
	if as := c.req.URL.Query().Get("as"); as != "" {
		who, err := s.speaker(g, as)
		if err != nil {
			return nil, err
		}
		st.viewer = who.User.ID
	}
	switch {
	case s.mute:
		return nil, refuse(http.StatusServiceUnavailable, 0, "the simulator is closed")
	case s.streams >= maxStreams:
		return nil, refuse(http.StatusServiceUnavailable, 0, fmt.Sprintf("there are %d streams, which is the most; close one", maxStreams))
	}
	if g.feed == nil {
		g.feed = &feed{}
	}
	s.streams++
	s.running.Add(1)
	return st, nil
}

// run writes the stream. A reader that comes back with the id of its last event
// gets what happened since, or "reload" when that is not known any more.
func (st *stream) run(w http.ResponseWriter, r *http.Request) {
	s := st.sim
	defer s.running.Done()
	defer func() {
		s.mu.Lock()
		s.streams--
		s.mu.Unlock()
	}()
	st.w, st.rc = w, http.NewResponseController(w)
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(http.StatusOK)
	if st.begin(r.Header.Get("Last-Event-ID")) != nil {
		return
	}
	alive := time.NewTicker(streamAlive)
	defer alive.Stop()
	for {
		text, changed, ended := st.next()
		if len(text) > 0 && st.send(text) != nil || ended {
			return
		}
		if changed == nil {
			continue
		}
		if !st.wait(r.Context(), changed, alive.C) {
			return
		}
	}
}

// wait reports whether the stream goes on after something changed.
func (st *stream) wait(ctx context.Context, changed <-chan struct{}, alive <-chan time.Time) bool {
	for {
		select {
		case <-changed:
			return true
		case <-ctx.Done():
			return false
		case <-alive:
			if st.send([]byte(": keep-alive\n\n")) != nil {
				return false
			}
		}
	}
}

// begin finds where the reader stands.
func (st *stream) begin(lastID string) error {
	s := st.sim
	s.mu.Lock()
	name := "ready"
	st.seq = st.guild.feed.last
	if lastID != "" {
		name = "reload"
		if seq, err := strconv.ParseUint(strings.TrimPrefix(lastID, s.epoch+"-"), 10, 64); err == nil && strings.HasPrefix(lastID, s.epoch+"-") {
			if _, known := st.guild.feed.since(seq); known {
				name, st.seq = "ready", seq
			}
		}
	}
	text := st.event(nil, name, st.seq, struct{}{})
	s.mu.Unlock()
	return st.send(append([]byte("retry: 1000\n"), text...))
}

// next gives what is to be sent now, and otherwise what to wait for.
func (st *stream) next() (text []byte, changed <-chan struct{}, ended bool) {
	s := st.sim
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.mute:
		return nil, nil, true
	case s.guilds[st.guild.ID] != st.guild:
		return st.event(nil, "gone", st.guild.feed.last, struct{}{}), nil, true
	case st.viewer != 0 && st.guild.members[st.viewer] == nil:
		return st.event(nil, "left", st.guild.feed.last, struct{}{}), nil, true
	}
	list, known := st.guild.feed.since(st.seq)
	if !known {
		st.seq = st.guild.feed.last
		return st.event(nil, "reload", st.seq, struct{}{}), nil, false
	}
	for _, c := range list {
		text = st.tell(text, c)
		st.seq = c.seq
		if len(text) > streamBytes {
			return text, nil, false
		}
	}
	return text, st.guild.feed.watch(), false
}

// tell appends the change as the viewer sees it, if they do. Sim.mu is held.
func (st *stream) tell(text []byte, c change) []byte {
	switch c.kind {
	case changeMessage:
		m, ok := st.visible(c)
		if !ok {
			return text
		}
		return st.event(text, changeMessage, c.seq, m)
	case changeDelete:
		if c.seenBy != 0 && c.seenBy != st.viewer {
			return text
		}
		return st.event(text, changeDelete, c.seq, map[string]any{"id": c.message, "channel_id": c.channel})
	case changeTyping:
		return st.event(text, changeTyping, c.seq, map[string]any{"user_id": c.user, "channel_id": c.channel})
	default:
		return st.event(text, changeGuild, c.seq, map[string]any{"changed": c.what})
	}
}

// visible finds the message of the change, unless it is gone, or not for the viewer.
func (st *stream) visible(c change) (*message, bool) {
	ch := st.guild.channels[c.channel]
	if ch == nil {
		return nil, false
	}
	m := ch.messages.get(c.message)
	if m == nil || m.seenBy != 0 && m.seenBy != st.viewer || !st.sim.sees(st.guild, st.viewer, ch) {
		return nil, false
	}
	return m.as(st.viewer), true
}

// sees reports whether the member sees the channel; nobody in particular sees all.
func (s *Sim) sees(g *guild, viewer snowflake.UserID, ch *channel) bool {
	who := g.members[viewer]
	return viewer == 0 || who != nil && g.permissionsIn(ch, who, s.now())&permViewChannel != 0
}

func (st *stream) event(text []byte, name string, seq uint64, doc any) []byte {
	// JSON has no line breaks of its own.
	return fmt.Appendf(text, "id: %s-%d\nevent: %s\ndata: %s\n\n", st.sim.epoch, seq, name, bytes.TrimSpace(mustEncode(doc)))
}

// send writes within a time of its own, so that a reader that does not read
// holds nothing for long.
func (st *stream) send(text []byte) error {
	_ = st.rc.SetWriteDeadline(time.Now().Add(writeWithin))
	defer func() { _ = st.rc.SetWriteDeadline(time.Time{}) }()
	if _, err := st.w.Write(text); err != nil {
		return fmt.Errorf("write a stream: %w", err)
	}
	if err := st.rc.Flush(); err != nil {
		return fmt.Errorf("flush a stream: %w", err)
	}
	return nil
}
