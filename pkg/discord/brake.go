package discord

import (
	"net/http"
	"sync"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// Discord bans an address that gets 10,000 refusals (401, 403 or 429) in ten
// minutes, and with it every guild. So refusals are counted in all and by guild:
// a guild that causes more than 3 % of the budget is held back until its
// refusals are ten minutes old; once half of the budget is used, 0.2 % is
// enough; and at 90 % nothing is sent at all.
const (
	brakeSlots    = 10 // Of a minute each.
	brakeGuilds   = 10_000
	guildShare    = 0.03
	guildShareLow = 0.002
	brakeHalf     = 0.5
	brakeFull     = 0.9
)

// brake counts refusals.
type brake struct {
	limit float64

	mu     sync.Mutex // Guards the members below.
	all    refusals
	guilds map[snowflake.GuildID]*refusals
}

// refusals of the last ten minutes, by minute.
type refusals struct {
	slots  [brakeSlots]int
	minute int64 // Of the newest slot.
}

func newBrake(limit int) *brake {
	return &brake{limit: float64(limit), guilds: map[snowflake.GuildID]*refusals{}}
}

// sum forgets what is too old and gives the rest.
func (r *refusals) sum(now time.Time) float64 {
	minute := now.Unix() / 60
	for n := 0; r.minute < minute && n < brakeSlots; n++ {
		r.minute++
		r.slots[r.minute%brakeSlots] = 0
	}
	r.minute = max(r.minute, minute)
	total := 0
	for _, n := range r.slots {
		total += n
	}
	return float64(total)
}

func (r *refusals) add(now time.Time) float64 {
	r.sum(now)
	r.slots[r.minute%brakeSlots]++
	return r.sum(now)
}

// count takes an answer in; it is true when the guild is held back from now on.
func (b *brake) count(guild snowflake.GuildID, a answer, now time.Time) bool {
	switch a.status {
	case http.StatusUnauthorized, http.StatusForbidden:
	case http.StatusTooManyRequests:
		// Limits that other bots share do not count.
		if a.header.Get("X-RateLimit-Scope") == "shared" {
			return false
		}
	default:
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all.add(now)
	if guild.IsZero() {
		return false
	}
	g := b.guilds[guild]
	if g == nil {
		if len(b.guilds) >= brakeGuilds {
			for id, r := range b.guilds {
				if r.sum(now) == 0 || len(b.guilds) >= 2*brakeGuilds {
					delete(b.guilds, id)
				}
			}
		}
		g = &refusals{}
		b.guilds[guild] = g
	}
	allowed := b.allowed(now)
	before := g.sum(now)
	return g.add(now) >= allowed && before < allowed
}

// allowed is how many refusals a guild may cause. b.mu is held.
func (b *brake) allowed(now time.Time) float64 {
	if b.all.sum(now) >= brakeHalf*b.limit {
		return max(guildShareLow*b.limit, 1)
	}
	return max(guildShare*b.limit, 1)
}

// allows refuses a request that must not be sent now.
func (b *brake) allows(guild snowflake.GuildID, now time.Time) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.all.sum(now) >= brakeFull*b.limit {
		return held(now, "Discord refused too many of the bot's requests (401, 403, 429); to keep it from being banned, none is sent for a while")
	}
	if g := b.guilds[guild]; g != nil && g.sum(now) >= b.allowed(now) {
		return held(now, "Discord refused too many of this guild's requests (401, 403, 429); check the bot's permissions and try again later")
	}
	return nil
}

// held is the error while the brake holds: another minute may end it.
func held(now time.Time, text string) error {
	after := now.Truncate(time.Minute).Add(time.Minute).Sub(now)
	f := fault.New(fault.DiscordRateLimited, "%s", text)
	f.RetryAfter = after
	return f.With("retryAfter", after.Seconds())
}
