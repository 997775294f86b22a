package discordsim

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/flora-runtime/flora-runtime/pkg/discord/catalog"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// Flood is a bounded stream of events, for measuring a bot.
type Flood struct {
	// Guilds is over how many guilds, from the first, the messages are spread in
	// turn; 1 by default. Each goes into the guild's first channel.
	Guilds int `json:"guilds"`
	// Skip is how many guilds are passed over before the first of those.
	Skip int `json:"skip"`
	// Count is how many events are sent, 1 to 10,000,000.
	Count int `json:"count"`
	// Rate is how many are sent a second; 0 means as fast as the connections, or
	// the answers with InFlight, take them.
	Rate float64 `json:"rate"`
	// Content and Author say what is said by whom; "!ping" by a plain member.
	Content string `json:"content"`
	Author  string `json:"author"`
	// Event and Data send another event instead of MESSAGE_CREATE, with guild_id
	// and channel_id filled in where Data does not have them.
	Event string          `json:"event"`
	Data  json.RawMessage `json:"data"`
	// InFlight closes the loop: that many messages are under way, and another one
	// is sent when an earlier one is replied to (by message_reference).
	InFlight int `json:"in_flight"`
	// Await waits at the end for a reply to every message, which it does anyway
	// with InFlight. Last is the content of one more message whose reply ends the
	// measurement: with messages that are not answered, it tells when the bot has
	// worked through them; without a reply it counts as unanswered.
	Await bool   `json:"await"`
	Last  string `json:"last"`
	// IdleMS is after how long without a reply the rest is given up, 10,000 by default.
	IdleMS int `json:"idle_ms"`
}

// FloodResult is what a flood came to. Latencies are in milliseconds, from the
// event handed to the connection's writer to the request that replies.
type FloodResult struct {
	Sent       int          `json:"sent"`
	Replies    int          `json:"replies"`
	Unanswered int          `json:"unanswered"`
	ElapsedMS  float64      `json:"elapsed_ms"`
	SentPerS   float64      `json:"sent_per_second"`
	RepliesPer float64      `json:"replies_per_second"`
	Latency    FloodLatency `json:"latency_ms"`
}

// FloodLatency summarises the latencies.
type FloodLatency struct {
	Mean float64 `json:"mean"`
	P50  float64 `json:"p50"`
	P90  float64 `json:"p90"`
	P99  float64 `json:"p99"`
	Max  float64 `json:"max"`
}

const (
	maxFlood       = 10_000_000
	maxFloodRate   = 1_000_000
	maxInFlight    = 100_000
	maxFloods      = 16
	floodBatch     = 256
	standardIdleMS = 10_000
	maxIdleMS      = 600_000
)

// Validate refuses what makes no sense.
func (f *Flood) Validate() error {
	switch {
	case f.Guilds < 0 || f.Guilds > maxGuilds:
		return wrong("guilds must be from 1 to %d", maxGuilds)
	case f.Skip < 0 || f.Skip > maxGuilds:
		return wrong("skip must be from 0 to %d", maxGuilds)
	case f.Count < 1 || f.Count > maxFlood:
		return wrong("count must be from 1 to %d", maxFlood)
	case f.Rate < 0 || f.Rate > maxFloodRate:
		return wrong("rate must be from 0 to %d a second", maxFloodRate)
	case f.InFlight < 0 || f.InFlight > maxInFlight:
		return wrong("in_flight must be from 0 to %d", maxInFlight)
	case f.InFlight > 0 && f.Rate > 0:
		return wrong("give rate or in_flight, not both")
	case f.IdleMS < 0 || f.IdleMS > maxIdleMS:
		return wrong("idle_ms must be from 0 to %d", maxIdleMS)
	case utf8.RuneCountInString(f.Content) > maxContent || utf8.RuneCountInString(f.Last) > maxContent:
		return wrong("content and last must be at most %d characters", maxContent)
	case f.Last != "" && (f.Await || f.InFlight > 0):
		return wrong("last goes without await and in_flight")
	case f.Event == "" && sent(f.Data):
		return wrong("data goes with event")
	case f.Event != "" && (f.Content != "" || f.Await || f.InFlight > 0):
		return wrong("event goes without content, await and in_flight")
	case f.Event != "" && catalog.ByType(f.Event) == nil:
		return wrong("event must be the name of an event of a guild, such as TYPING_START")
	}
	return nil
}

// flood is one that runs. Sim.mu guards it.
type flood struct {
	sim     *Sim
	req     Flood
	sources []*floodSource
	// pending are the messages without a reply, with the time they were sent.
	pending map[snowflake.MessageID]time.Time
	tracks  bool
	latency histogram
	sent    int
	replies int
	// last is the message of Last, until it is replied to.
	last  snowflake.MessageID
	began time.Time
	ended time.Time
	// alive is when something was last sent or replied to.
	alive time.Time
	// progress wakes the flood's goroutine at a reply; it holds one.
	progress chan struct{}
}

// RunFlood sends the flood and waits for its end.
func (s *Sim) RunFlood(ctx context.Context, req Flood) (FloodResult, error) {
	f, err := s.prepareFlood(req)
	if err != nil {
		return FloodResult{}, err
	}
	defer f.finish()
	switch {
	case f.req.InFlight > 0:
		f.step(f.req.InFlight)
	case f.req.Rate > 0:
		err = f.pace(ctx)
	default:
		err = f.rush(ctx)
	}
	if err == nil {
		err = f.await(ctx)
	}
	if err != nil {
		return FloodResult{}, err
	}
	return f.result(), nil
}

func (s *Sim) prepareFlood(req Flood) (*flood, error) {
	if err := req.Validate(); err != nil {
		return nil, err
	}
	req.Guilds = max(req.Guilds, 1)
	if strings.TrimSpace(req.Content) == "" {
		req.Content = "!ping"
	}
	if req.IdleMS == 0 {
		req.IdleMS = standardIdleMS
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, refuse(http.StatusServiceUnavailable, 0, "the simulator is closed")
	}
	if len(s.floods) >= maxFloods {
		return nil, refuse(http.StatusConflict, 0, "too many floods run already")
	}
	if req.Skip+req.Guilds > len(s.guildOrder) {
		return nil, wrong("guilds, and those that are skipped, must be at most %d, as many as there are", len(s.guildOrder))
	}
	f := &flood{sim: s, req: req, pending: map[snowflake.MessageID]time.Time{}, progress: make(chan struct{}, 1)}
	f.tracks = req.Await || req.InFlight > 0
	for _, g := range s.guildOrder[req.Skip : req.Skip+req.Guilds] {
		src, err := s.newFloodSource(g, req)
		if err != nil {
			return nil, err
		}
		f.sources = append(f.sources, src)
	}
	s.floods = append(s.floods, f)
	f.began = time.Now()
	f.ended = f.began
	return f, nil
}

// finish takes the flood out of the world.
func (f *flood) finish() {
	f.sim.mu.Lock()
	defer f.sim.mu.Unlock()
	f.sim.floods = slices.DeleteFunc(f.sim.floods, func(o *flood) bool { return o == f })
}

// step sends up to n messages.
func (f *flood) step(n int) {
	f.sim.mu.Lock()
	defer f.sim.mu.Unlock()
	for ; n > 0 && f.sent < f.req.Count; n-- {
		f.send()
	}
}

// send sends one event. Sim.mu is held.
func (f *flood) send() {
	src := f.sources[f.sent%len(f.sources)]
	f.sent++
	f.alive = time.Now()
	if id := src.emit(); f.tracks {
		f.pending[id] = f.alive
	}
}

// left is how many are still to be sent, and how many replies are owed.
func (f *flood) left() (unsent, owed int) {
	f.sim.mu.Lock()
	defer f.sim.mu.Unlock()
	return f.req.Count - f.sent, len(f.pending)
}

// rush sends as fast as the slowest connection takes it.
func (f *flood) rush(ctx context.Context) error {
	for {
		unsent, owed := f.left()
		if unsent == 0 {
			return nil
		}
		if owed >= maxInFlight {
			if err := f.wait(ctx); err != nil {
				return err
			}
			continue
		}
		f.step(floodBatch)
		for _, c := range f.connections() {
			c.waitQueued(floodQueued)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// connections are those that a flood goes to.
func (f *flood) connections() []*conn {
	s := f.sim
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]*conn, 0, len(s.conns))
	for c := range s.conns {
		if c.session != nil {
			list = append(list, c)
		}
	}
	return list
}

// pace sends at the rate; what comes late is made up for.
func (f *flood) pace(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		due := int(time.Since(f.began).Seconds()*f.req.Rate) + 1
		unsent, owed := f.left()
		if unsent == 0 {
			return nil
		}
		sent := f.req.Count - unsent
		if due > sent && owed < maxInFlight {
			f.step(min(due-sent, floodBatch))
			sent = min(due, sent+floodBatch)
		}
		next := f.began.Add(time.Duration(float64(sent) / f.req.Rate * float64(time.Second)))
		timer.Reset(max(time.Until(next), 20*time.Microsecond))
	}
}

// await waits for what has been sent to be written, then for the replies.
func (f *flood) await(ctx context.Context) error {
	if !f.tracks {
		for _, c := range f.connections() {
			c.waitQueued(0)
		}
		f.sim.mu.Lock()
		f.ended = time.Now()
		if f.req.Last != "" {
			f.tracks = true
			f.last = f.sources[0].say(f.req.Last)
			f.pending[f.last], f.alive = f.ended, f.ended
		}
		f.sim.mu.Unlock()
	}
	for {
		unsent, owed := f.left()
		if owed == 0 && (unsent == 0 || f.req.InFlight == 0) {
			return nil
		}
		if err := f.wait(ctx); err != nil {
			return err
		}
	}
}

// wait waits for a reply; when none has come for too long, the rest is given up.
func (f *flood) wait(ctx context.Context) error {
	timer := time.NewTimer(f.idleTime())
	defer timer.Stop()
	select {
	case <-f.progress:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
	}
	if f.idleTime() <= 0 {
		f.sim.mu.Lock()
		defer f.sim.mu.Unlock()
		clear(f.pending) // They count as unanswered.
		f.req.Count = f.sent
	}
	return nil
}

// idleTime is how much longer a reply is waited for.
func (f *flood) idleTime() time.Duration {
	f.sim.mu.Lock()
	defer f.sim.mu.Unlock()
	return time.Duration(f.req.IdleMS)*time.Millisecond - time.Since(f.alive)
}

// replied counts a reply to one of the flood's messages and keeps a closed
// loop going. Sim.mu is held.
func (f *flood) replied(to snowflake.MessageID, at time.Time) bool {
	sent, ok := f.pending[to]
	if !ok {
		return false
	}
	delete(f.pending, to)
	f.ended, f.alive = at, at
	if to == f.last {
		f.last = 0
	} else {
		f.replies++
		f.latency.add(at.Sub(sent))
	}
	if f.req.InFlight > 0 && f.sent < f.req.Count {
		f.send()
		return true
	}
	select {
	case f.progress <- struct{}{}:
	default:
	}
	return true
}

// floodReply tells the floods about a reply of the bot. Sim.mu is held.
func (s *Sim) floodReply(m *message, at time.Time) {
	if len(s.floods) == 0 || m.Reference == nil {
		return
	}
	for _, f := range s.floods {
		if f.replied(m.Reference.MessageID, at) {
			return
		}
	}
}

func (f *flood) result() FloodResult {
	f.sim.mu.Lock()
	defer f.sim.mu.Unlock()
	elapsed := f.ended.Sub(f.began)
	r := FloodResult{Sent: f.sent, Replies: f.replies, ElapsedMS: milliseconds(elapsed)}
	if f.req.Await || f.req.InFlight > 0 {
		r.Unanswered = f.sent - f.replies
	} else if f.last != 0 {
		r.Unanswered = 1
	}
	if s := elapsed.Seconds(); s > 0 {
		r.SentPerS, r.RepliesPer = float64(f.sent)/s, float64(f.replies)/s
	}
	h := &f.latency
	r.Latency = FloodLatency{
		P50: milliseconds(h.quantile(0.5)), P90: milliseconds(h.quantile(0.9)), P99: milliseconds(h.quantile(0.99)), Max: milliseconds(h.max),
	}
	if h.n > 0 {
		r.Latency.Mean = milliseconds(h.sum / time.Duration(h.n))
	}
	return r
}

func (s *Sim) controlFlood(c *controlCall) (any, error) {
	var req Flood
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	return s.RunFlood(c.req.Context(), req)
}
