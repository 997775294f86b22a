package auth_test

import (
	"context"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/auth"
	"github.com/flora-runtime/flora-runtime/pkg/cache"
	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

const secret = "a secret of the tests, which is long enough"

// logins is Sessions over fakes.
type logins struct {
	*auth.Sessions
	t        *testing.T
	clock    *clock.Fake
	provider *provider
	cache    *flaky
}

func startLogins(t *testing.T) *logins {
	t.Helper()
	l := &logins{t: t, clock: clock.NewFake(epoch), provider: newProvider()}
	l.cache = &flaky{Store: cache.NewMemory(l.clock), written: map[string]string{}}
	l.Sessions = l.replica(secret)
	return l
}

func (l *logins) replica(secret string) *auth.Sessions {
	l.t.Helper()
	s, err := auth.NewSessions(auth.SessionConfig{Secret: secret, Life: 30 * 24 * time.Hour, Cache: l.cache, Provider: l.provider, Clock: l.clock})
	if err != nil {
		l.t.Fatal(err)
	}
	return s
}

func (l *logins) login() (cookie string) {
	l.t.Helper()
	begun, err := l.Begin(l.t.Context(), "/x")
	if err != nil {
		l.t.Fatal(err)
	}
	cookie, next, err := l.Finish(l.t.Context(), begun.State, auth.Answer{State: begun.State, Code: "good"})
	if err != nil || next != "/x" {
		l.t.Fatalf("Finish gave %q, %v", next, err)
	}
	return cookie
}

func TestSessionsAreSealed(t *testing.T) {
	t.Parallel()
	l := startLogins(t)
	cookie := l.login()
	if _, err := l.Allow(t.Context(), auth.Identity{UserID: "42"}, strings.Repeat("A", 43)); err != nil {
		t.Fatal(err)
	}
	for key, value := range l.cache.written {
		for _, w := range []string{"access-token", "refresh-token", `"ada"`, cookie, `"42"`, "verifier", `"/x"`} {
			if strings.Contains(key+value, w) {
				t.Errorf("the cache has %q in %q", w, key)
			}
		}
	}
	if who, err := l.replica(secret).Identify(t.Context(), cookie); err != nil || who.UserID != "42" || who.Username != "ada" || who.Type != auth.TypeSession {
		t.Errorf("another replica: %+v, %v", who, err)
	}
	_, err := l.replica(secret+"!").Identify(t.Context(), cookie)
	refused(t, "another secret", err, fault.Unauthorized, "Session expired")
}

func TestLogoutWhileRenewing(t *testing.T) {
	t.Parallel()
	l := startLogins(t)
	cookie := l.login()
	l.clock.Advance(time.Hour)
	gate, halted, resume := l.provider.halt()
	var renewing sync.WaitGroup
	renewing.Go(func() {
		_, err := l.Identify(t.Context(), cookie)
		refused(t, "the renewal", err, fault.Unauthorized, "Session expired")
	})
	<-halted
	if err := l.End(t.Context(), cookie); err != nil {
		t.Fatal(err)
	}
	gate <- struct{}{}
	renewing.Wait()
	resume()
	_, err := l.Identify(t.Context(), cookie)
	refused(t, "after the logout", err, fault.Unauthorized, "Session expired")
	if diff := cmp.Diff(l.provider.revoked, []string{"refresh-token-1", "refresh-token-2"}); diff != "" {
		t.Errorf("revoked (-got +want):\n%s", diff)
	}
}

func TestRenewedTokensAreNotLost(t *testing.T) {
	t.Parallel()
	l := startLogins(t)
	cookie := l.login()
	l.clock.Advance(time.Hour)
	l.cache.broken = 3
	if _, err := l.Identify(t.Context(), cookie); err != nil {
		t.Fatal(err)
	}
	l.clock.Advance(time.Hour)
	if _, err := l.Identify(t.Context(), cookie); err != nil || l.provider.renewals != 2 {
		t.Errorf("the next renewal: %v after %d", err, l.provider.renewals)
	}
}

func TestRenewalKeepsAnOldRefreshToken(t *testing.T) {
	t.Parallel()
	l := startLogins(t)
	cookie := l.login()
	l.provider.noNew = true
	for range 3 {
		l.clock.Advance(time.Hour)
		if _, err := l.Identify(t.Context(), cookie); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRenewalOfAReplicaThatDied(t *testing.T) {
	t.Parallel()
	l := startLogins(t)
	cookie := l.login()
	l.clock.Advance(time.Hour)
	// Its lock is all that is left of it.
	gate, halted, resume := l.provider.halt()
	var dead sync.WaitGroup
	dead.Go(func() { _, _ = l.replica(secret).Identify(t.Context(), cookie) })
	<-halted
	resume()
	var waiting sync.WaitGroup
	waiting.Go(func() {
		if _, err := l.Identify(t.Context(), cookie); err != nil {
			t.Errorf("after the lock's end: %v", err)
		}
	})
	if l.provider.count() != 0 {
		t.Error("it did not wait for the replica that has the lock")
	}
	l.clock.Advance(41 * time.Second)
	waiting.Wait()
	gate <- struct{}{}
	dead.Wait()
}

func TestFailedRenewalIsHonest(t *testing.T) {
	t.Parallel()
	l := startLogins(t)
	cookie := l.login()
	l.clock.Advance(time.Hour)
	l.provider.fail = fault.New(fault.Upstream, "Discord is away")
	_, err := l.Identify(t.Context(), cookie)
	refused(t, "while Discord is away", err, fault.Upstream, "Discord is away")
	l.provider.fail = nil
	_, err = l.Identify(t.Context(), cookie)
	refused(t, "just afterwards", err, fault.Upstream, "try again")
	if l.provider.renewals != 1 {
		t.Errorf("%d renewals", l.provider.renewals)
	}
	l.clock.Advance(2 * time.Second)
	if _, err := l.Identify(t.Context(), cookie); err != nil {
		t.Errorf("two seconds later: %v", err)
	}
	if err := l.End(t.Context(), cookie); err != nil {
		t.Error(err)
	}
	if err := l.End(t.Context(), cookie); err != nil {
		t.Errorf("a logout twice: %v", err)
	}
	other := l.login()
	l.provider.fail = fault.New(fault.Upstream, "Discord is away")
	if err := l.End(t.Context(), other); err != nil {
		t.Errorf("a logout while Discord is away: %v", err)
	}
}

func TestLoginNeedsItsScopes(t *testing.T) {
	t.Parallel()
	l := startLogins(t)
	l.provider.scopes = []string{"identify"}
	begun, err := l.Begin(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = l.Finish(t.Context(), begun.State, auth.Answer{State: begun.State, Code: "good"})
	refused(t, "without guilds", err, fault.Forbidden, `did not grant "guilds"`)
}

func TestSessionConfig(t *testing.T) {
	t.Parallel()
	good := auth.SessionConfig{Secret: secret, Life: time.Hour, Cache: cache.NewMemory(clock.Real), Provider: newProvider()}
	if s, err := auth.NewSessions(good); err != nil || s.Life() != time.Hour {
		t.Errorf("good: %v", err)
	}
	for name, change := range map[string]func(*auth.SessionConfig){
		"secret":   func(c *auth.SessionConfig) { c.Secret = "short" },
		"life":     func(c *auth.SessionConfig) { c.Life = time.Second },
		"cache":    func(c *auth.SessionConfig) { c.Cache = nil },
		"provider": func(c *auth.SessionConfig) { c.Provider = nil },
	} {
		bad := good
		change(&bad)
		if _, err := auth.NewSessions(bad); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestAdministrators(t *testing.T) {
	t.Parallel()
	l := startLogins(t)
	a := auth.NewAdministrators(&bot{in: func(g snowflake.GuildID) bool { return g < 10 }}, l.Sessions, l.clock)
	session, err := l.Identify(t.Context(), l.login())
	if err != nil {
		t.Fatal(err)
	}
	token := func(user string) auth.Identity { return auth.Identity{UserID: user, Type: auth.TypeToken} }
	for _, row := range []struct {
		name  string
		who   auth.Identity
		guild snowflake.GuildID
		code  fault.Code
		want  string
	}{
		{"owner", token("1"), 5, "", ""},
		{"MANAGE_GUILD", token("50"), 5, "", ""},
		{"ADMINISTRATOR", token("51"), 5, "", ""},
		{"another permission", token("52"), 5, fault.Forbidden, "Admin permission required"},
		{"no role", token("2"), 5, fault.Forbidden, "Admin permission required"},
		{"no member", token("100"), 5, fault.Forbidden, "User is not in guild"},
		{"no bot", token("1"), 10, fault.Forbidden, "Bot not in guild"},
		{"no user", token("operator"), 5, fault.BadRequest, "Invalid user ID"},
		{"nobody", auth.Identity{}, 5, fault.Forbidden, "a login or an API token is required"},
		{"the operator's secret", auth.Identity{UserID: "1", Type: auth.TypeOperator}, 5, fault.Forbidden, "a login or an API token is required"},
		{"session", session, 5, "", ""},
		{"session of a member", session, 6, fault.Forbidden, "Admin permission required"},
		{"session elsewhere", session, 7, fault.Forbidden, "User is not in guild"},
		{"token for another guild", auth.Identity{UserID: "1", Type: auth.TypeToken, Guilds: []snowflake.GuildID{4}}, 5, fault.Forbidden, "not for guild 5"},
	} {
		err := a.GuildAdmin(t.Context(), row.who, row.guild)
		if row.code == "" {
			if err != nil {
				t.Errorf("%s: %v", row.name, err)
			}
			continue
		}
		refused(t, row.name, err, row.code, row.want)
	}
	for _, row := range []struct {
		name string
		who  auth.Identity
		want []snowflake.GuildID
	}{
		{"owner", token("1"), []snowflake.GuildID{1, 2, 3, 4, 5, 6, 7, 8, 9}},
		{"a few", auth.Identity{UserID: "1", Type: auth.TypeToken, Guilds: []snowflake.GuildID{9, 3, 11}}, []snowflake.GuildID{3, 9}},
		// The login above told where this user is.
		{"known", token("42"), nil},
		{"session", session, []snowflake.GuildID{5}},
	} {
		var got []snowflake.GuildID
		list, err := a.Guilds(t.Context(), row.who)
		for _, m := range list {
			got = append(got, m.ID)
		}
		if diff := cmp.Diff(got, row.want); diff != "" || err != nil {
			t.Errorf("%s: %v (-got +want):\n%s", row.name, err, diff)
		}
		among, err := a.Administered(t.Context(), row.who, []snowflake.GuildID{5, 6, 12})
		var want []snowflake.GuildID
		for _, id := range []snowflake.GuildID{5, 6, 12} {
			if len(row.want) > 0 && (row.name == "owner" && id < 10 || row.name == "session" && id == 5) {
				want = append(want, id)
			}
		}
		if len(among) != len(want) || err != nil {
			t.Errorf("%s: among: %v, %v, want %v", row.name, among, err, want)
		}
	}
}

// sold is a bot in guilds whose owner may change.
type sold struct {
	bot
	owner snowflake.UserID
}

func (s *sold) Guild(_ context.Context, g snowflake.GuildID) (auth.Guild, error) {
	return auth.Guild{ID: g, Owner: s.owner}, nil
}

// TestDiscordsWordIsHalfAMinuteOld: what is remembered of a guild does not get
// older by being looked at.
func TestDiscordsWordIsHalfAMinuteOld(t *testing.T) {
	t.Parallel()
	clk := clock.NewFake(time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC))
	b := &sold{bot: bot{in: func(snowflake.GuildID) bool { return true }}, owner: 2}
	a := auth.NewAdministrators(b, nil, clk)
	token := func(user string) auth.Identity { return auth.Identity{UserID: user, Type: auth.TypeToken} }
	refused(t, "a member", a.GuildAdmin(t.Context(), token("3"), 5), fault.Forbidden, "Admin permission required")
	b.owner = 3 // Right after Discord told of the old one.
	clk.Advance(29 * time.Second)
	if err := a.GuildAdmin(t.Context(), token("2"), 5); err != nil {
		t.Errorf("the old owner, by what is remembered: %v", err)
	}
	clk.Advance(time.Second)
	refused(t, "the old owner after half a minute", a.GuildAdmin(t.Context(), token("2"), 5), fault.Forbidden, "Admin permission required")
	if err := a.GuildAdmin(t.Context(), token("3"), 5); err != nil {
		t.Errorf("the new owner: %v", err)
	}
}

// TestATokenNeverMakesAWiderOne makes tokens with tokens with tokens.
func TestATokenNeverMakesAWiderOne(t *testing.T) {
	t.Parallel()
	f := start(t)
	end := func(hours int) auth.Option { return auth.WithExpiry(epoch.Add(time.Duration(hours) * time.Hour)) }
	options := [][]auth.Option{
		nil, {auth.ReadOnly()}, {auth.WithGuilds(5)}, {auth.WithGuilds(5, 6)}, {auth.WithGuilds(6, 7)}, {end(1)}, {end(2)}, {end(2), auth.WithGuilds(5)},
	}
	type parent struct {
		who   auth.Identity
		depth int
	}
	todo := []parent{{auth.Identity{UserID: "42", Username: "ada", Type: auth.TypeSession}, 0}}
	made, denied := 0, 0
	for len(todo) > 0 && made < 95 {
		p := todo[0]
		todo = todo[1:]
		for _, o := range options {
			text, token, err := f.CreateAs(t.Context(), p.who, "", o...)
			if fault.Is(err, fault.Conflict) {
				continue // There are as many as there may be.
			}
			if fault.Is(err, fault.Forbidden) {
				denied++
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			made++
			who, err := f.Verify(t.Context(), text)
			if err != nil {
				t.Fatal(err)
			}
			if p.who.Type == auth.TypeToken {
				wider := p.who.ReadOnly && !who.ReadOnly || !p.who.ExpiresAt.IsZero() && (who.ExpiresAt.IsZero() || who.ExpiresAt.After(p.who.ExpiresAt))
				for _, g := range []snowflake.GuildID{5, 6, 7, 8} {
					a := auth.SingleOperator{Bot: &bot{in: func(snowflake.GuildID) bool { return true }}}
					wider = wider || a.GuildAdmin(t.Context(), p.who, g) != nil && a.GuildAdmin(t.Context(), who, g) == nil
				}
				if wider {
					t.Errorf("%+v made %+v", p.who, token)
				}
			}
			if p.depth < 2 {
				todo = append(todo, parent{who, p.depth + 1})
			}
		}
	}
	if made < 50 || denied == 0 {
		t.Errorf("%d were made and %d denied", made, denied)
	}
}

func TestOperators(t *testing.T) {
	t.Parallel()
	f := start(t)
	theirs, _, err := f.Create(t.Context(), "", auth.Owner{UserID: "operator"})
	if err != nil {
		t.Fatal(err)
	}
	narrow, _, err := f.Create(t.Context(), "", auth.Owner{UserID: "operator"}, auth.WithGuilds(5))
	if err != nil {
		t.Fatal(err)
	}
	others, _ := f.create()
	single := auth.SingleOperator{Bot: &bot{in: func(snowflake.GuildID) bool { return true }}, UserID: "operator"}
	byToken, bySecret := auth.OperatorToken{Tokens: f.Tokens, Single: single}, auth.OperatorSecret(secret)
	both := auth.OperatorToken{Tokens: f.Tokens, Single: single, Secret: bySecret}
	for _, row := range []struct {
		name, bearer string
		who          auth.Operators
		code         fault.Code
	}{
		{"the operator's token", theirs, byToken, ""},
		{"the operator's token for a guild", narrow, byToken, fault.Forbidden},
		{"another's token", others, byToken, fault.Forbidden},
		{"no token", "", byToken, fault.Unauthorized},
		{"a secret that is not set", secret, byToken, fault.Unauthorized},
		{"the secret", secret, both, ""},
		{"the token beside a secret", theirs, both, ""},
		{"another's token beside a secret", others, both, fault.Forbidden},
		{"the secret alone", secret, bySecret, ""},
		{"a token with a secret alone", theirs, bySecret, fault.Forbidden},
		{"a longer secret", secret + "x", bySecret, fault.Forbidden},
		{"no secret sent", "", bySecret, fault.Unauthorized},
		{"no secret set", "x", auth.OperatorSecret(""), fault.Forbidden},
		{"no secret set or sent", "", auth.OperatorSecret(""), fault.Forbidden},
	} {
		_, err := row.who.Operator(t.Context(), row.bearer)
		if (row.code == "") != (err == nil) || err != nil && !fault.Is(err, row.code) {
			t.Errorf("%s: %v, want %q", row.name, err, row.code)
		}
	}
	// Others are somebody else's to decide.
	single.Others = auth.NewAdministrators(single.Bot, nil, f.clock)
	if err := single.GuildAdmin(t.Context(), auth.Identity{UserID: "51", Type: auth.TypeToken}, 5); err != nil {
		t.Errorf("another user's token: %v", err)
	}
	refused(t, "a member", single.GuildAdmin(t.Context(), auth.Identity{UserID: "2", Type: auth.TypeToken}, 5), fault.Forbidden, "Admin permission required")
}

func FuzzNext(f *testing.F) {
	for _, seed := range []string{"/", "//evil", "/\\evil", "/a?b#c", "http://evil", "/%2f/evil", "/\t/evil", "/..//evil"} {
		f.Add(seed)
	}
	sessions, err := auth.NewSessions(auth.SessionConfig{Secret: secret, Life: time.Hour, Cache: cache.NewMemory(clock.Real), Provider: newProvider()})
	if err != nil {
		f.Fatal(err)
	}
	site, err := url.Parse("https://flora.test/api/auth/callback")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, next string) {
		if _, err := sessions.Begin(t.Context(), next); err != nil {
			return
		}
		to, err := site.Parse(next)
		if err != nil || to.Host != "flora.test" || to.Scheme != "https" || strings.ContainsAny(next, "\\\r\n\t ") {
			t.Errorf("%q leads to %v, %v", next, to, err)
		}
	})
}
