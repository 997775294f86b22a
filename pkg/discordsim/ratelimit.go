package discordsim

import (
	"crypto/md5" //nolint:gosec // A name, not a secret.
	"encoding/hex"
	"encoding/json"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// bucketRule is the rate limit of a route: limit requests per window, counted
// for each major parameter (channel, guild, webhook). Routes of one family
// share a bucket. The zero rule takes the standard of the method.
type bucketRule struct {
	limit  int
	per    time.Duration
	family string
	// none takes the route out of all buckets.
	none bool

	id string // what X-RateLimit-Bucket says.
}

const (
	globalLimit  = 50
	globalWindow = time.Second
	// minBuckets is from how many buckets those that have run out are forgotten.
	minBuckets = 10_000
)

func (b *bucketRule) name(rt *route) {
	if b.limit == 0 {
		b.limit, b.per = 10, 10*time.Second
		if rt.method == http.MethodGet {
			b.limit, b.per = 50, time.Second
		}
	}
	if b.family == "" {
		b.family = rt.name
	}
	sum := md5.Sum([]byte(b.family)) //nolint:gosec // A name, not a secret.
	b.id = hex.EncodeToString(sum[:])
}

// limiter keeps the buckets.
type limiter struct {
	now func() time.Time

	mu      sync.Mutex
	buckets map[string]*bucket
	pruneAt int
	global  bucket
}

type bucket struct {
	left  int
	reset time.Time
}

func newLimiter(now func() time.Time) *limiter {
	return &limiter{now: now, buckets: map[string]*bucket{}, pruneAt: minBuckets}
}

// refused is a 429.
type refused struct {
	Message    string  `json:"message"`
	RetryAfter float64 `json:"retry_after"`
	Global     bool    `json:"global"`
}

func (r *refused) encode() (int, []byte) {
	body, err := json.Marshal(r)
	if err != nil {
		return encodeError(err)
	}
	return http.StatusTooManyRequests, body
}

// take counts a request, writes the headers, and refuses it over a limit.
func (l *limiter) take(h http.Header, c *call) *refused {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	if !c.route.free && !l.global.take(now, globalLimit, globalWindow) {
		h.Set("X-RateLimit-Global", "true")
		h.Set("X-RateLimit-Scope", "global")
		return refusal(h, l.global.reset.Sub(now), true)
	}
	rule := &c.route.bucket
	if rule.none {
		return nil
	}
	b := l.bucket(rule.id+":"+c.majorParameter(), now)
	ok := b.take(now, rule.limit, rule.per)
	after := b.reset.Sub(now)
	h.Set("X-RateLimit-Limit", strconv.Itoa(rule.limit))
	h.Set("X-RateLimit-Remaining", strconv.Itoa(max(b.left, 0)))
	h.Set("X-RateLimit-Reset", strconv.FormatFloat(float64(b.reset.UnixMilli())/1000, 'f', 3, 64))
	h.Set("X-RateLimit-Reset-After", seconds(after))
	h.Set("X-RateLimit-Bucket", rule.id)
	if ok {
		return nil
	}
	h.Set("X-RateLimit-Scope", "user")
	return refusal(h, after, false)
}

func (l *limiter) bucket(key string, now time.Time) *bucket {
	b := l.buckets[key]
	if b == nil {
		if len(l.buckets) >= l.pruneAt {
			l.prune(now)
		}
		b = &bucket{}
		l.buckets[key] = b
	}
	return b
}

func (l *limiter) prune(now time.Time) {
	for key, b := range l.buckets {
		if !now.Before(b.reset) {
			delete(l.buckets, key)
		}
	}
	l.pruneAt = max(minBuckets, 2*len(l.buckets))
}

func (b *bucket) take(now time.Time, limit int, per time.Duration) bool {
	if !now.Before(b.reset) {
		b.left, b.reset = limit, now.Add(per)
	}
	if b.left <= 0 {
		return false
	}
	b.left--
	return true
}

func refusal(h http.Header, after time.Duration, global bool) *refused {
	h.Set("Retry-After", strconv.Itoa(int(math.Ceil(after.Seconds()))))
	wait, err := strconv.ParseFloat(seconds(after), 64)
	if err != nil {
		wait = after.Seconds()
	}
	return &refused{Message: "You are being rate limited.", RetryAfter: wait, Global: global}
}

// seconds rounds up to a millisecond, so that nobody comes back too early.
func seconds(d time.Duration) string {
	return strconv.FormatFloat(math.Ceil(float64(d)/1e6)/1000, 'f', 3, 64)
}

// majorParameter is what the buckets of a route are kept apart by.
func (c *call) majorParameter() string {
	var b strings.Builder
	for _, name := range []string{"channel", "guild", "webhook", "token"} {
		if v := c.param(name); v != "" {
			b.WriteString(v)
			b.WriteByte('/')
		}
	}
	if c.grant != nil {
		b.WriteString(c.grant.user.String())
	}
	return b.String()
}
