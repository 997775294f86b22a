package auth

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/singleflight"

	"github.com/flora-runtime/flora-runtime/pkg/cache"
	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

const (
	// permissionFor is how long what a member may do is believed, that somebody
	// is no member too.
	permissionFor = 30 * time.Second
	// userFor is how long a user's name is believed.
	userFor = 5 * time.Minute
	// maxAsked is how many guilds are looked through for a token that may act in
	// all of its user's, when it is not known which those are.
	maxAsked = 100
	// askAtOnce is how many of a list's guilds are looked at side by side.
	askAtOnce = 8
	// lookups is how many questions to Discord a user may cause in a minute.
	lookups = 300
)

// Administrators is the Authorizer of a bot with many owners: who administers a
// guild is who Discord says does. It asks for a session with the user's own
// tokens, for an API token with the bot's, and remembers the answers for half a
// minute. When Discord fails it says so instead of refusing.
type Administrators struct {
	bot      Bot
	sessions *Sessions // nil without logins.
	clock    clock.Clock
	// memory is of this process: API tokens work while the cache is away.
	memory *cache.Memory
	flight singleflight.Group

	mu     sync.Mutex // Guards the members below.
	asked  map[string]int
	minute time.Time // Since when asked counts.
}

var _ Authorizer = (*Administrators)(nil)

// NewAdministrators makes the authorizer; sessions is nil where nobody can log
// in, and c the real clock when nil.
func NewAdministrators(bot Bot, sessions *Sessions, c clock.Clock) *Administrators {
	if c == nil {
		c = clock.Real
	}
	return &Administrators{bot: bot, sessions: sessions, clock: c, memory: cache.NewMemory(c), asked: map[string]int{}}
}

func forbidden(text string) error { return fault.New(fault.Forbidden, "Forbidden: %s", text) }

// GuildAdmin implements Authorizer.
func (a *Administrators) GuildAdmin(ctx context.Context, who Identity, guild snowflake.GuildID) error {
	if err := who.mayUse(guild); err != nil {
		return err
	}
	permissions, member, err := a.permissions(ctx, who, guild)
	switch {
	case err != nil:
		return err
	case !member:
		return forbidden("User is not in guild")
	case !administers(permissions):
		return forbidden("Admin permission required")
	}
	return inGuild(ctx, a.bot, guild)
}

func (a *Administrators) permissions(ctx context.Context, who Identity, guild snowflake.GuildID) (permissions uint64, member bool, err error) {
	switch {
	case who.Session != nil && a.sessions != nil:
		list, err := a.sessions.guilds(ctx, who.Session)
		if err != nil {
			return 0, false, err
		}
		i := slices.IndexFunc(list, func(m Membership) bool { return m.ID == guild })
		if i < 0 {
			return 0, false, nil
		}
		return list[i].Permissions, true, nil
	case who.Type != TypeToken:
		return 0, false, forbidden("a login or an API token is required")
	}
	user, err := snowflake.ParseUser(who.UserID)
	if err != nil {
		return 0, false, fault.New(fault.BadRequest, "Bad request: Invalid user ID")
	}
	if err := inGuild(ctx, a.bot, guild); err != nil {
		return 0, false, err
	}
	return a.member(ctx, guild, user)
}

// member is what the bot finds out about a user in a guild. It is made anew each
// time: were it remembered, what it is made of could be twice as old.
func (a *Administrators) member(ctx context.Context, guild snowflake.GuildID, user snowflake.UserID) (permissions uint64, member bool, err error) {
	key := "member:" + guild.String() + ":" + user.String()
	raw, err := a.recall(ctx, key, user.String(), permissionFor, func(ctx context.Context) ([]byte, error) {
		roles, err := a.bot.MemberRoles(ctx, guild, user)
		if fault.Is(err, fault.NotFound) {
			return nil, nil // No member.
		}
		if err != nil {
			return nil, err
		}
		return json.Marshal(append([]snowflake.RoleID{}, roles...))
	})
	if err != nil || len(raw) == 0 {
		return 0, false, err
	}
	var roles []snowflake.RoleID
	if err := json.Unmarshal(raw, &roles); err != nil {
		return 0, false, fmt.Errorf("read what is remembered of a member: %w", err)
	}
	g, err := a.guild(ctx, guild, user)
	if err != nil {
		return 0, false, err
	}
	return g.permissions(user, roles), true, nil
}

// guild is the bot's view of a guild; user is who it is asked for.
func (a *Administrators) guild(ctx context.Context, id snowflake.GuildID, user snowflake.UserID) (Guild, error) {
	raw, err := a.recall(ctx, "guild:"+id.String(), user.String(), permissionFor, func(ctx context.Context) ([]byte, error) {
		g, err := a.bot.Guild(ctx, id)
		if fault.Is(err, fault.NotFound) {
			return nil, forbidden("Bot not in guild")
		}
		if err != nil {
			return nil, err
		}
		return json.Marshal(g)
	})
	if err != nil {
		return Guild{}, err
	}
	var g Guild
	if err := json.Unmarshal(raw, &g); err != nil {
		return Guild{}, fmt.Errorf("read what is remembered of a guild: %w", err)
	}
	return g, nil
}

// recall gives what is remembered under the key, or asks, once for all who want
// to know the same; who is counted.
func (a *Administrators) recall(ctx context.Context, key, who string, ttl time.Duration, ask func(context.Context) ([]byte, error)) ([]byte, error) {
	raw, err := a.memory.Get(ctx, key)
	if err == nil || !fault.Is(err, fault.NotFound) {
		return raw, err
	}
	if err := a.count(who); err != nil {
		return nil, err
	}
	return join(ctx, &a.flight, key, askWithin, func(ctx context.Context) ([]byte, error) {
		raw, err := ask(ctx)
		if err != nil {
			return nil, err
		}
		return raw, a.memory.Set(ctx, key, raw, ttl)
	})
}

// count keeps one user from using up what the bot may ask of Discord.
func (a *Administrators) count(user string) error {
	now := a.clock.Now()
	a.mu.Lock()
	defer a.mu.Unlock()
	if passed := now.Sub(a.minute); passed < 0 || passed >= time.Minute {
		a.minute = now
		clear(a.asked)
	}
	if a.asked[user] >= lookups {
		f := fault.New(fault.RateLimited, "you asked for more than %d guilds and users in a minute; try again later", lookups)
		f.RetryAfter = a.minute.Add(time.Minute).Sub(now)
		return f
	}
	a.asked[user]++
	return nil
}

// Guilds implements Authorizer.
func (a *Administrators) Guilds(ctx context.Context, who Identity) ([]Membership, error) {
	list, err := a.memberships(ctx, who)
	if err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(m Membership) bool { return !administers(m.Permissions) })
	ids := make([]snowflake.GuildID, len(list))
	for i, m := range list {
		ids[i] = m.ID
	}
	if ids, err = a.bot.Present(ctx, ids); err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(m Membership) bool { return !slices.Contains(ids, m.ID) })
	slices.SortFunc(list, func(x, y Membership) int { return int(int64(x.ID) - int64(y.ID)) }) //nolint:gosec // Ids are below 2^63.
	return list, nil
}

// Administered implements Authorizer.
func (a *Administrators) Administered(ctx context.Context, who Identity, among []snowflake.GuildID) ([]snowflake.GuildID, error) {
	if len(among) == 0 {
		return nil, nil
	}
	list, err := a.Guilds(ctx, who)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(among), func(id snowflake.GuildID) bool {
		return !slices.ContainsFunc(list, func(m Membership) bool { return m.ID == id })
	}), nil
}

func (a *Administrators) memberships(ctx context.Context, who Identity) ([]Membership, error) {
	if who.Session != nil && a.sessions != nil {
		return a.sessions.guilds(ctx, who.Session)
	}
	user, err := snowflake.ParseUser(who.UserID)
	if err != nil {
		return nil, fault.New(fault.BadRequest, "Bad request: Invalid user ID")
	}
	ids, err := a.candidates(ctx, who)
	if err != nil {
		return nil, err
	}
	found := make([]Membership, len(ids))
	var all errgroup.Group
	all.SetLimit(askAtOnce)
	for i, id := range ids {
		all.Go(func() error {
			permissions, member, err := a.member(ctx, id, user)
			if err != nil || !member || !administers(permissions) {
				return ignoreForbidden(err) // The bot left just now.
			}
			g, err := a.guild(ctx, id, user)
			if err != nil {
				return ignoreForbidden(err)
			}
			found[i] = Membership{ID: id, Name: g.Name, Icon: g.Icon, Permissions: permissions}
			return nil
		})
	}
	return found, all.Wait()
}

func ignoreForbidden(err error) error {
	if fault.Is(err, fault.Forbidden) {
		return nil
	}
	return err
}

// candidates are the guilds that a token's user may administer.
func (a *Administrators) candidates(ctx context.Context, who Identity) ([]snowflake.GuildID, error) {
	ids := slices.Clone(who.Guilds)
	if ids == nil && a.sessions != nil {
		ids = a.sessions.known(ctx, who.UserID)
	}
	if ids != nil {
		return a.bot.Present(ctx, ids)
	}
	ids, err := a.bot.GuildIDs(ctx, maxAsked)
	if err != nil {
		return nil, err
	}
	if len(ids) > maxAsked {
		return nil, fault.New(fault.Conflict, "it is not known in which of the bot's guilds you are; log in once in a browser (GET /api/auth/login), open GET /api/guilds there, and try again")
	}
	return ids, nil
}

// User gives the name and looks of who it is; what Discord does not tell now is
// left out.
func (a *Administrators) User(ctx context.Context, who Identity) (User, error) {
	if who.Session != nil {
		return who.Session.User, nil
	}
	known := User{ID: who.UserID, Username: who.Username}
	user, err := snowflake.ParseUser(who.UserID)
	if err != nil {
		return known, nil //nolint:nilerr // The operator of dev, who is nobody at Discord.
	}
	raw, err := a.recall(ctx, "user:"+who.UserID, who.UserID, userFor, func(ctx context.Context) ([]byte, error) {
		u, err := a.bot.User(ctx, user)
		if fault.Is(err, fault.NotFound) {
			u, err = known, nil
		}
		if err != nil {
			return nil, err
		}
		return json.Marshal(u)
	})
	if err == nil {
		err = json.Unmarshal(raw, &known)
	}
	if err != nil && (known.Username == "" || ctx.Err() != nil) {
		return User{}, err
	}
	return known, nil //nolint:nilerr // As documented.
}
