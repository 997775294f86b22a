package auth_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/flora-runtime/flora-runtime/pkg/auth"
	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/pkg/store/embedded"
)

var epoch = time.Date(2026, 7, 30, 10, 0, 0, 123456000, time.UTC)

// counting counts the uses that are written, and can fail.
type counting struct {
	auth.TokenStore
	mu      sync.Mutex // Guards the members below.
	touches int
	err     error
}

func (c *counting) TouchToken(ctx context.Context, id string, at time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.touches++
	if c.err != nil {
		return c.err
	}
	return c.TokenStore.TouchToken(ctx, id, at)
}

type fixture struct {
	*auth.Tokens
	t     *testing.T
	clock *clock.Fake
	store *counting
	logs  *observer.ObservedLogs
}

func start(t *testing.T) *fixture {
	t.Helper()
	s, err := embedded.Open(embedded.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %s", err)
		}
	})
	core, logs := observer.New(zap.DebugLevel)
	f := &fixture{t: t, clock: clock.NewFake(epoch), store: &counting{TokenStore: s}, logs: logs}
	f.Tokens = auth.NewTokens(f.store, f.clock, zap.New(core))
	return f
}

var owner = auth.Owner{UserID: "42", Username: "ada"}

func (f *fixture) create(options ...auth.Option) (string, auth.Token) {
	f.t.Helper()
	text, token, err := f.Create(f.t.Context(), " laptop ", owner, options...)
	if err != nil {
		f.t.Fatal(err)
	}
	return text, token
}

func refused(t *testing.T, what string, err error, code fault.Code, text string) {
	t.Helper()
	if !fault.Is(err, code) || !strings.Contains(fault.From(err).Message, text) {
		t.Errorf("%s: error is %v, want %s with %q", what, err, code, text)
	}
}

func TestCreateAndVerify(t *testing.T) {
	t.Parallel()
	f := start(t)
	rows := []struct {
		name    string
		options []auth.Option
		want    auth.Identity
	}{
		{"plain", nil, auth.Identity{UserID: "42", Username: "ada", Type: "token"}},
		{
			"restricted", []auth.Option{auth.WithGuilds(9, 5, 9), auth.ReadOnly(), auth.WithExpiry(epoch.Add(time.Hour))},
			auth.Identity{UserID: "42", Username: "ada", Type: "token", Guilds: []snowflake.GuildID{5, 9}, ReadOnly: true, ExpiresAt: epoch.Add(time.Hour)},
		},
	}
	for _, row := range rows {
		text, token := f.create(row.options...)
		if len(text) != 68 || !strings.HasPrefix(text, "flora_"+token.ID+"_") {
			t.Errorf("%s: token %q with id %q", row.name, text, token.ID)
		}
		row.want.TokenID = token.ID
		got, err := f.Verify(t.Context(), text)
		if diff := cmp.Diff(got, row.want); diff != "" || err != nil {
			t.Errorf("%s: %v (-got +want):\n%s", row.name, err, diff)
		}
	}
	list, err := f.List(t.Context(), "42")
	if err != nil || len(list) != 2 || list[0].Label != "laptop" {
		t.Errorf("List gave %v, %v", list, err)
	}
}

func TestVerifyRefuses(t *testing.T) {
	t.Parallel()
	f := start(t)
	text, token := f.create()
	other, otherToken := f.create(auth.WithExpiry(epoch.Add(time.Hour)))
	short := text[:len(text)-1]
	// Another token's id with this token's secret has a checksum that is wrong.
	mixed := other[:18] + text[18:]
	const broken = "mistyped or incomplete"
	rows := []struct{ name, text, want string }{
		{"empty", "", "this is no API token"},
		{"another kind", "ghp_" + text, "this is no API token"},
		{"the original's form", strings.Repeat("a", 12) + "." + strings.Repeat("b", 32), "this is no API token"},
		{"prefix only", "flora_", broken},
		{"cut off", short, broken},
		{"longer", text + "x", broken},
		{"space behind", text + " ", broken},
		{"other case", "flora_" + strings.ToLower(text[6:]), broken},
		{"mixed from two", mixed, broken},
	}
	for _, row := range rows {
		_, err := f.Verify(t.Context(), row.text)
		refused(t, row.name, err, fault.Unauthorized, row.want)
	}
	for i := len("flora_"); i < len(text); i++ {
		letter := byte('x')
		if text[i] == letter {
			letter = 'y'
		}
		_, err := f.Verify(t.Context(), text[:i]+string(letter)+text[i+1:])
		refused(t, "one letter wrong", err, fault.Unauthorized, broken)
	}
	refused(t, "another user's token", f.Delete(t.Context(), "43", token.ID), fault.NotFound, "Token not found")
	if _, err := f.Verify(t.Context(), text); err != nil {
		t.Errorf("a token that another user tried to delete: %s", err)
	}
	if err := f.Delete(t.Context(), "42", token.ID); err != nil {
		t.Fatal(err)
	}
	_, err := f.Verify(t.Context(), text)
	refused(t, "revoked", err, fault.Unauthorized, "not valid; it may have been revoked")
	refused(t, "deleted twice", f.Delete(t.Context(), "42", token.ID), fault.NotFound, "Token not found")
	f.clock.Advance(time.Hour - time.Second)
	if id, err := f.Verify(t.Context(), other); err != nil || id.TokenID != otherToken.ID {
		t.Errorf("a second before its end: %v, %v", id, err)
	}
	f.clock.Advance(time.Second)
	_, err = f.Verify(t.Context(), other)
	refused(t, "expired", err, fault.Unauthorized, "has expired")
}

func TestVerifyComparesTheSecret(t *testing.T) {
	t.Parallel()
	f := start(t)
	text, token := f.create()
	// The stored hash is another token's: same id, another secret.
	forged := token
	forged.Hash[0] ^= 1
	if err := f.store.DeleteToken(t.Context(), "42", token.ID); err != nil {
		t.Fatal(err)
	}
	if err := f.store.PutToken(t.Context(), forged); err != nil {
		t.Fatal(err)
	}
	_, err := f.Verify(t.Context(), text)
	refused(t, "wrong secret", err, fault.Unauthorized, "not valid")
}

func TestOnlyTheHashIsStored(t *testing.T) {
	t.Parallel()
	f := start(t)
	text, token := f.create()
	stored, err := f.store.Token(t.Context(), token.ID)
	if err != nil {
		t.Fatal(err)
	}
	secret := text[19:]
	for _, v := range []any{stored, token} {
		b, err := json.Marshal(v)
		if err != nil || strings.Contains(string(b), secret[:8]) || strings.Contains(string(b), "ash") {
			t.Errorf("JSON is %s, %v", b, err)
		}
	}
	want := `{"token_id":"` + token.ID + `","label":"laptop","created_at":"2026-07-30T10:00:00.123456+00:00","last_used_at":null}`
	if b, err := json.Marshal(stored); string(b) != want || err != nil {
		t.Errorf("JSON is %s, %v, want %s", b, err, want)
	}
	bare := auth.Token{ID: "x", CreatedAt: epoch, LastUsedAt: epoch, ExpiresAt: epoch, Guilds: []snowflake.GuildID{7}, ReadOnly: true}
	want = `{"token_id":"x","label":null,"created_at":"2026-07-30T10:00:00.123456+00:00","last_used_at":"2026-07-30T10:00:00.123456+00:00","expires_at":"2026-07-30T10:00:00.123456+00:00","guild_ids":["7"],"read_only":true}`
	if b, err := json.Marshal(bare); string(b) != want || err != nil {
		t.Errorf("JSON is %s, %v, want %s", b, err, want)
	}
}

func TestLastUseIsThrottled(t *testing.T) {
	t.Parallel()
	f := start(t)
	text, token := f.create()
	verify := func() {
		t.Helper()
		if _, err := f.Verify(t.Context(), text); err != nil {
			t.Fatal(err)
		}
	}
	for range 60 {
		verify()
		f.clock.Advance(time.Second)
	}
	if f.store.touches != 1 {
		t.Errorf("%d uses of a minute were written", f.store.touches)
	}
	verify()
	got, err := f.store.Token(t.Context(), token.ID)
	if err != nil || f.store.touches != 2 || !got.LastUsedAt.Equal(epoch.Add(time.Minute)) {
		t.Errorf("last use is %s after %d writes, %v", got.LastUsedAt, f.store.touches, err)
	}
	f.store.err = errors.New("disk is full")
	f.clock.Advance(time.Minute)
	verify()
	if n := f.logs.FilterMessage("a token's use was not recorded").Len(); n != 1 {
		t.Errorf("%d failures to record were logged", n)
	}
}

func TestCreateRefuses(t *testing.T) {
	t.Parallel()
	f := start(t)
	rows := []struct {
		name, label string
		owner       auth.Owner
		options     []auth.Option
		want        string
	}{
		{"no owner", "", auth.Owner{}, nil, "needs an owner"},
		{"long label", strings.Repeat("ä", 101), owner, nil, "longer than 100 characters"},
		{"control character", "a\x1bb", owner, nil, "control characters"},
		{"no UTF-8", "a\xff", owner, nil, "not UTF-8"},
		{"expired", "", owner, []auth.Option{auth.WithExpiry(epoch)}, "expire before it is made"},
		{"no guilds", "", owner, []auth.Option{auth.WithGuilds()}, "of no use"},
		{"many guilds", "", owner, []auth.Option{auth.WithGuilds(make([]snowflake.GuildID, 201)...)}, "may name 200 guilds"},
	}
	for _, row := range rows {
		_, _, err := f.Create(t.Context(), row.label, row.owner, row.options...)
		refused(t, row.name, err, fault.BadRequest, row.want)
	}
	for range 100 {
		f.create()
	}
	_, _, err := f.Create(t.Context(), "", owner)
	refused(t, "one too many", err, fault.Conflict, "you have 100 tokens")
	if _, _, err := f.Create(t.Context(), strings.Repeat("ä", 100), auth.Owner{UserID: "43"}); err != nil {
		t.Errorf("another user: %s", err)
	}
}

func TestSecretsAreSpread(t *testing.T) {
	t.Parallel()
	f := start(t)
	seen := map[string]bool{}
	letters := map[rune]int{}
	for range 90 {
		text, token := f.create()
		if seen[token.ID] || seen[text] {
			t.Fatalf("%s came twice", text)
		}
		seen[token.ID], seen[text] = true, true
		for _, r := range text[19 : len(text)-6] {
			letters[r]++
		}
	}
	if len(letters) != 62 {
		t.Errorf("%d of 62 letters occur in %d", len(letters), 90*43)
	}
}

func TestSingleOperator(t *testing.T) {
	t.Parallel()
	a := auth.SingleOperator{Bot: &bot{in: func(g snowflake.GuildID) bool { return g < 10 }}}
	rows := []struct {
		name  string
		who   auth.Identity
		guild snowflake.GuildID
		want  string
	}{
		{"token", auth.Identity{Type: auth.TypeToken}, 5, ""},
		{"read-only token", auth.Identity{Type: auth.TypeToken, ReadOnly: true}, 5, ""},
		{"token for the guild", auth.Identity{Type: auth.TypeToken, Guilds: []snowflake.GuildID{4, 5}}, 5, ""},
		{"bot not in guild", auth.Identity{Type: auth.TypeToken}, 10, "Bot not in guild"},
		{"token for another guild", auth.Identity{Type: auth.TypeToken, Guilds: []snowflake.GuildID{4}}, 5, "not for guild 5"},
		{"token for no guild", auth.Identity{Type: auth.TypeToken, Guilds: []snowflake.GuildID{}}, 5, "not for guild 5"},
		{"session", auth.Identity{Type: auth.TypeSession}, 5, "an API token is required"},
		{"nobody", auth.Identity{}, 5, "an API token is required"},
	}
	for _, row := range rows {
		err := a.GuildAdmin(t.Context(), row.who, row.guild)
		if row.want == "" {
			if err != nil {
				t.Errorf("%s: %s", row.name, err)
			}
			continue
		}
		refused(t, row.name, err, fault.Forbidden, row.want)
	}
	refused(t, "a read-only token writes", auth.Identity{ReadOnly: true}.MayWrite(), fault.Forbidden, "may only read")
	if err := (auth.Identity{}).MayWrite(); err != nil {
		t.Errorf("a token that may write: %s", err)
	}
}

func FuzzVerify(f *testing.F) {
	s, err := embedded.Open(embedded.Config{Dir: f.TempDir()})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = s.Close() })
	tokens := auth.NewTokens(s, clock.Real, zap.NewNop())
	text, _, err := tokens.Create(f.Context(), "", owner)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add("flora_")
	f.Add(strings.Repeat("flora_", 12))
	f.Fuzz(func(t *testing.T, in string) {
		_, err := tokens.Verify(t.Context(), in)
		if (in == text) != (err == nil) || err != nil && !fault.Is(err, fault.Unauthorized) {
			t.Errorf("%q: %v", in, err)
		}
	})
}
