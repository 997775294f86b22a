package discordsim

import (
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// resumeWithin is how long a session without a connection can be resumed.
const resumeWithin = 5 * time.Minute

// session is what a client identified for; it outlives its connections. Sim.mu
// guards it.
type session struct {
	id      string
	intents int
	shard   [2]uint64
	// seq is the last sequence number that was given out.
	seq    int64
	replay replayBuffer
	log    *dispatchLog
	conn   *conn // nil while nobody is connected.
	left   time.Time
}

// takes reports whether the session gets events of the guild with that intent.
func (ss *session) takes(guild snowflake.GuildID, intent int) bool {
	if intent != intentAlways && ss.intents&intent == 0 {
		return false
	}
	return ss.hasGuild(guild)
}

func (ss *session) hasGuild(guild snowflake.GuildID) bool {
	return uint64(guild)>>22%ss.shard[1] == ss.shard[0]
}

// push gives the event the next sequence number, keeps it for RESUME and
// queues it when somebody is connected.
func (ss *session) push(e *event) {
	ss.seq++
	ss.replay.add(e)
	d := dispatched{seq: ss.seq, ss: ss, event: e}
	if ss.conn != nil {
		ss.conn.enqueue(frame{event: e, seq: ss.seq})
		d.conn = ss.conn.number
	}
	ss.log.add(d)
}

// replayBuffer keeps the newest events of a session.
type replayBuffer struct {
	limit  int
	events []*event
	start  int // index of the oldest when the buffer is full.
}

func (b *replayBuffer) add(e *event) {
	if len(b.events) < b.limit {
		b.events = append(b.events, e)
		return
	}
	b.events[b.start] = e
	b.start = (b.start + 1) % b.limit
}

// since returns the last n events in order, or false when that many are not kept.
func (b *replayBuffer) since(n int64) ([]*event, bool) {
	have := int64(len(b.events))
	if n < 0 || n > have {
		return nil, false
	}
	out := make([]*event, 0, n)
	for i := have - n; i < have; i++ {
		out = append(out, b.events[(int64(b.start)+i)%have])
	}
	return out, true
}

// sweepSessions forgets sessions that nobody can resume any more. Sim.mu is held.
func (s *Sim) sweepSessions() {
	now := s.now()
	for id, ss := range s.sessions {
		if ss.conn == nil && now.Sub(ss.left) > resumeWithin {
			delete(s.sessions, id)
		}
	}
}

// detach leaves the connection's session behind: resumable, or ended when the
// connection was closed with 1000, 1001 or a code that ends sessions.
func (s *Sim) detach(c *conn, ended bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
	s.leave(c)
	ss := c.session
	if ss == nil || ss.conn != c {
		return
	}
	ss.conn = nil
	ss.left = s.now()
	if ended {
		delete(s.sessions, ss.id)
	}
}
