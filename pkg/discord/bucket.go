package discord

import (
	"math"
	"net/http"
	"strconv"
	"time"
)

// bucketKey names a rate limit: Discord's name for it with the major parameter,
// or, as long as Discord has not named it, the method and route.
type bucketKey struct {
	method, name, major string
}

// bucket is one rate limit as far as it is known. limiter.mu guards it.
type bucket struct {
	key bucketKey
	// known says that Discord told the limit, free that it has none. When
	// neither is so, one request at a time goes, to find out.
	known, free bool
	limit       int
	// remaining is what may still be sent in the window; lowest is the smallest
	// number that Discord has said in it.
	remaining, lowest int
	reset             time.Time // Zero until an answer tells.
	window            time.Duration
	blocked           time.Time // A 429 said so.
	inflight          int       // Granted, and no answer yet.
	waiters           []*grant
	timer             *time.Timer
	merged            *bucket // It turned out to be this one.
}

// admits reports whether a request may go now.
func (b *bucket) admits(now time.Time) bool {
	if now.Before(b.blocked) {
		return false
	}
	switch {
	case b.free:
		return true
	case !b.known:
		return b.inflight == 0
	}
	switch {
	case !b.reset.IsZero() && !now.Before(b.reset):
		// What is under way may reach Discord in the new window.
		b.remaining, b.lowest, b.reset = b.limit-b.inflight, math.MaxInt, time.Time{}
	case b.reset.IsZero() && b.inflight == 0:
		// The window's requests had no answer that told of it.
		b.remaining, b.lowest = b.limit, math.MaxInt
	}
	return b.remaining > 0
}

func (b *bucket) take() {
	b.inflight++
	b.remaining--
}

// giveBack undoes take for a request that was not sent.
func (b *bucket) giveBack() {
	b.inflight--
	if b.known {
		b.remaining = min(b.remaining+1, b.limit)
	}
}

// opens is when the bucket admits again by itself, or zero when an answer must
// come first.
func (b *bucket) opens() time.Time {
	t := b.blocked
	if b.known && b.remaining <= 0 && b.reset.After(t) {
		t = b.reset
	}
	return t
}

// estimate is when a request that comes now could go, as far as is known.
func (b *bucket) estimate(now time.Time) time.Time {
	t := b.opens()
	if t.Before(now) {
		t = now
	}
	if b.known && b.limit > 0 && len(b.waiters) > 0 {
		t = t.Add(time.Duration(len(b.waiters)/b.limit) * b.window)
	}
	return t
}

// idle reports whether nothing is lost by forgetting the bucket.
func (b *bucket) idle(now time.Time) bool {
	return b.inflight == 0 && len(b.waiters) == 0 && !now.Before(b.blocked) && !now.Before(b.reset)
}

// rateHeaders are what an answer says about its bucket.
type rateHeaders struct {
	bucket           string
	limit, remaining int
	after            time.Duration
	ok               bool
}

func readRateHeaders(h http.Header) rateHeaders {
	first := func(name string) string {
		if v := h[name]; len(v) > 0 {
			return v[0]
		}
		return ""
	}
	r := rateHeaders{bucket: first("X-Ratelimit-Bucket")}
	limit, errLimit := strconv.Atoi(first("X-Ratelimit-Limit"))
	remaining, errRemaining := strconv.Atoi(first("X-Ratelimit-Remaining"))
	after, errAfter := strconv.ParseFloat(first("X-Ratelimit-Reset-After"), 64)
	if errLimit != nil || errRemaining != nil || errAfter != nil || limit < 1 || remaining < 0 || len(r.bucket) > 128 {
		return r
	}
	r.limit, r.remaining, r.after, r.ok = limit, remaining, duration(after), true
	return r
}

// learn takes what an answer said. The request it answers has left inflight.
func (b *bucket) learn(h rateHeaders, now time.Time) {
	reset := now.Add(h.after)
	fresh := !b.known || b.reset.IsZero() || !now.Before(b.reset) || reset.Sub(b.reset) > b.window/2
	b.known, b.free, b.limit = true, false, h.limit
	if fresh {
		b.reset, b.lowest, b.window = reset, math.MaxInt, max(b.window, h.after)
		if h.remaining == h.limit-1 {
			b.window = h.after
		}
	} else if reset.Before(b.reset) {
		// Every estimate is late by the way of the answer: the earliest is best.
		b.reset = reset
	}
	// Answers may overtake one another; the lowest number is the newest. It does
	// not count what has not reached Discord yet.
	if h.remaining <= b.lowest {
		b.lowest = h.remaining
		b.remaining = h.remaining - b.inflight
	}
}

// refused takes a 429 of the bucket.
func (b *bucket) refused(until time.Time) {
	if until.After(b.blocked) {
		b.blocked = until
	}
}
