package discordsim

import (
	"bytes"
	"strconv"
	"testing"
	"time"
)

func TestDefaults(t *testing.T) {
	t.Parallel()
	var c Config
	if err := c.setDefaults(); err != nil {
		t.Fatal(err)
	}
	if c.AnswerWithin != 3*time.Second || c.TokenLife != 15*time.Minute || c.HeartbeatInterval != 41250*time.Millisecond || c.Guilds != 2 {
		t.Errorf("Discord's own times are the defaults: %+v", c)
	}
}

func TestRequestLogIsBounded(t *testing.T) {
	t.Parallel()
	l := newRequestLog()
	body := bytes.Repeat([]byte("x"), maxSeenBody)
	const n = maxRequests + 5
	for range n {
		l.add(Request{Body: body})
	}
	list := l.since(0)
	if len(list) != maxRequests || list[0].Seq != 6 || list[len(list)-1].Seq != n {
		t.Errorf("%d requests from %d to %d", len(list), list[0].Seq, list[len(list)-1].Seq)
	}
	kept := 0
	for _, r := range list {
		kept += len(r.Body)
	}
	if kept != l.bodies || kept > maxSeenBodies || kept < maxSeenBodies-maxSeenBody || list[len(list)-1].Body == nil {
		t.Errorf("%d bytes of bodies are kept, %d counted, at most %d allowed", kept, l.bodies, maxSeenBodies)
	}
	l.add(Request{Body: append(body, 'x')})
	if last := l.since(n)[0]; last.Body != nil {
		t.Error("a body that is too long is kept")
	}
}

func TestBucketsAreForgotten(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, time.March, 1, 0, 0, 0, 0, time.UTC)
	l := newLimiter(func() time.Time { return now })
	for n := range minBuckets {
		l.bucket(strconv.Itoa(n), now).take(now, 1, time.Second)
	}
	l.bucket("alive", now).take(now, 1, time.Second)
	if len(l.buckets) != minBuckets+1 {
		t.Errorf("%d buckets that are in use, want all %d", len(l.buckets), minBuckets+1)
	}
	now = now.Add(2 * time.Second)
	for n := range minBuckets {
		l.bucket("new"+strconv.Itoa(n), now).take(now, 1, time.Second)
	}
	if len(l.buckets) > minBuckets+1 {
		t.Errorf("%d buckets, old ones were not forgotten", len(l.buckets))
	}
}

func TestInteractionsAreForgotten(t *testing.T) {
	t.Parallel()
	s, err := New(Config{Guilds: 2})
	if err != nil {
		t.Fatal(err)
	}
	g := s.guildOrder[0]
	who := g.members[s.person(0).ID]
	for range 3 {
		s.beginInteraction(&interaction{kind: interactCommand, channel: g.sortedChannels(false)[0], who: who}, nil)
	}
	other := s.guildOrder[1]
	s.beginInteraction(&interaction{kind: interactCommand, channel: other.sortedChannels(false)[0], who: other.members[s.person(0).ID]}, nil)
	s.forgetGuild(g)
	is := &s.interactions
	if len(is.order) != 1 || len(is.byID) != 1 || len(is.byToken) != 1 {
		t.Errorf("%d, %d and %d interactions are left of a guild that is gone", len(is.order), len(is.byID), len(is.byToken))
	}
}
