package auth_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/auth"
	"github.com/flora-runtime/flora-runtime/pkg/cache"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// bot stands for what Discord tells the bot.
type bot struct {
	in func(snowflake.GuildID) bool
}

func (b *bot) Present(_ context.Context, among []snowflake.GuildID) ([]snowflake.GuildID, error) {
	return slices.DeleteFunc(slices.Clone(among), func(g snowflake.GuildID) bool { return !b.in(g) }), nil
}

func (b *bot) GuildIDs(context.Context, int) (out []snowflake.GuildID, _ error) {
	for g := range snowflake.GuildID(100) {
		if g > 0 && b.in(g) {
			out = append(out, g)
		}
	}
	return out, nil
}

func (b *bot) Guild(_ context.Context, g snowflake.GuildID) (auth.Guild, error) {
	return auth.Guild{ID: g, Name: fmt.Sprint("guild ", g), Owner: 1, Roles: map[snowflake.RoleID]uint64{
		snowflake.RoleID(g): 1, 50: 1 << 5, 51: 1 << 3, 52: 1 << 4,
	}}, nil
}

// MemberRoles has user 1 own everything and user n of two digits have role n;
// nobody else is a member.
func (b *bot) MemberRoles(_ context.Context, _ snowflake.GuildID, u snowflake.UserID) ([]snowflake.RoleID, error) {
	if u > 99 {
		return nil, fault.New(fault.NotFound, "no member")
	}
	return []snowflake.RoleID{snowflake.RoleID(u)}, nil
}

func (b *bot) User(_ context.Context, u snowflake.UserID) (auth.User, error) {
	return auth.User{ID: u.String(), Username: "u" + u.String()}, nil
}

// provider stands for Discord's OAuth2. Refresh tokens are good once.
type provider struct {
	mu       sync.Mutex // Guards the members below.
	n        int
	refresh  map[string]bool // Those that are good.
	access   map[string]bool
	renewals int
	revoked  []string
	fail     error
	noNew    bool // Renewals give no new refresh token.
	scopes   []string
	// hold, when not nil, is received from before a renewal is answered; held
	// says that one waits.
	hold, held chan struct{}
}

func newProvider() *provider {
	return &provider{refresh: map[string]bool{}, access: map[string]bool{}, scopes: []string{"identify", "guilds"}}
}

func (p *provider) grant() auth.Grant {
	p.n++
	g := auth.Grant{Access: fmt.Sprint("access-token-", p.n), Refresh: fmt.Sprint("refresh-token-", p.n), Scopes: p.scopes, ExpiresIn: time.Hour}
	p.access[g.Access], p.refresh[g.Refresh] = true, true
	return g
}

// halt lets renewals wait: until halted is received from they have not come so
// far, and a send to gate lets one go on. resume lets those that come later
// not wait.
func (p *provider) halt() (gate, halted chan struct{}, resume func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hold, p.held = make(chan struct{}), make(chan struct{}, 1)
	return p.hold, p.held, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.hold = nil
	}
}

func (p *provider) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.renewals
}

func (p *provider) LoginURL(state, challenge string) string {
	return "https://discord.test/authorize?state=" + state + "&challenge=" + challenge
}

func (p *provider) Exchange(_ context.Context, code, _ string) (auth.Grant, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if code != "good" {
		return auth.Grant{}, auth.ErrGrantEnded
	}
	return p.grant(), p.fail
}

func (p *provider) Refresh(ctx context.Context, token string) (auth.Grant, error) {
	p.mu.Lock()
	hold, held := p.hold, p.held
	p.mu.Unlock()
	if hold != nil {
		held <- struct{}{}
		select {
		case <-hold:
		case <-ctx.Done():
			return auth.Grant{}, ctx.Err()
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.renewals++
	switch {
	case p.fail != nil:
		return auth.Grant{}, p.fail
	case !p.refresh[token]:
		return auth.Grant{}, auth.ErrGrantEnded
	case p.noNew:
		g := p.grant()
		g.Refresh = ""
		return g, nil
	}
	delete(p.refresh, token)
	return p.grant(), nil
}

func (p *provider) Revoke(_ context.Context, token string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.revoked = append(p.revoked, token)
	return p.fail
}

func (p *provider) User(context.Context, string) (auth.User, error) {
	return auth.User{ID: "42", Username: "ada"}, nil
}

func (p *provider) Guilds(_ context.Context, access string) ([]auth.Membership, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.access[access] {
		return nil, auth.ErrGrantEnded
	}
	return []auth.Membership{{ID: 5, Name: "five", Permissions: 1 << 5}, {ID: 6, Name: "six", Permissions: 1}}, nil
}

// flaky is a cache that fails as long as it is told to, and shows what is
// written.
type flaky struct {
	cache.Store
	mu      sync.Mutex // Guards the members below.
	broken  int        // So many writes fail.
	written map[string]string
}

func (f *flaky) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	f.mu.Lock()
	f.broken--
	broken := f.broken >= 0
	f.written[key] = string(value)
	f.mu.Unlock()
	if broken {
		return fault.New(fault.Unavailable, "the cache is away")
	}
	return f.Store.Set(ctx, key, value, ttl)
}
