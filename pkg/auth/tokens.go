package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// A token is "flora_", its id, "_", its secret and the checksum of all that.
// The prefix lets secret scanners find it, the checksum tells a mistyped token
// from one that was revoked. 43 letters of 62 are 256 bits.
const (
	Prefix      = "flora_"
	idLen       = 12
	secretLen   = 43
	checksumLen = 6
	tokenLen    = len(Prefix) + idLen + 1 + secretLen + checksumLen
)

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

const (
	maxLabel  = 100
	maxTokens = 100 // Of a user.
	maxGuilds = 200 // Of a token.
	// touchEvery bounds how often a token's use is written.
	touchEvery = time.Minute
)

// Tokens makes and checks API tokens.
type Tokens struct {
	store TokenStore
	clock clock.Clock
	log   *zap.Logger
	rand  io.Reader
}

// NewTokens makes the service over the store. log gets failures to record a use.
func NewTokens(store TokenStore, c clock.Clock, log *zap.Logger) *Tokens {
	return &Tokens{store: store, clock: c, log: log, rand: rand.Reader}
}

// Owner is whose token it is.
type Owner struct {
	UserID   string
	Username string
}

// Option of a new token.
type Option func(*Token)

// WithExpiry ends the token at t.
func WithExpiry(t time.Time) Option { return func(k *Token) { k.ExpiresAt = t } }

// WithGuilds makes the token good for these guilds only.
func WithGuilds(guilds ...snowflake.GuildID) Option {
	return func(k *Token) { k.Guilds = append([]snowflake.GuildID{}, guilds...) }
}

// ReadOnly makes the token good for reading only.
func ReadOnly() Option { return func(k *Token) { k.ReadOnly = true } }

// Create makes a token and gives its text, which is kept nowhere.
func (s *Tokens) Create(ctx context.Context, label string, owner Owner, options ...Option) (plaintext string, t Token, err error) {
	return s.create(ctx, s.draft(label, owner, options))
}

// CreateAs makes a token of the caller's user. One that is made with a token is
// no wider than that: what the options leave open is as in it, and what they
// give beyond it is a fault.Forbidden.
func (s *Tokens) CreateAs(ctx context.Context, who Identity, label string, options ...Option) (plaintext string, t Token, err error) {
	t = s.draft(label, Owner{UserID: who.UserID, Username: who.Username}, options)
	if who.Type == TypeToken {
		if t.Guilds == nil {
			t.Guilds = slices.Clone(who.Guilds)
		}
		if t.ExpiresAt.IsZero() {
			t.ExpiresAt = who.ExpiresAt
		}
		t.ReadOnly = t.ReadOnly || who.ReadOnly
	}
	if !who.covers(t) {
		return "", Token{}, fault.New(fault.Forbidden, "Forbidden: a token that is made with a token may not be for other guilds, or live longer; log in to make one")
	}
	return s.create(ctx, t)
}

// covers reports whether a token is no wider than the one of the caller, whom
// it belongs to. A person may everything with their tokens.
func (i Identity) covers(t Token) bool {
	if i.Type != TypeToken || t.ID != "" && t.ID == i.TokenID {
		return true
	}
	inside := i.Guilds == nil || t.Guilds != nil && !slices.ContainsFunc(t.Guilds, func(g snowflake.GuildID) bool { return !slices.Contains(i.Guilds, g) })
	ends := i.ExpiresAt.IsZero() || !t.ExpiresAt.IsZero() && !t.ExpiresAt.After(i.ExpiresAt)
	return inside && ends && (t.ReadOnly || !i.ReadOnly)
}

func (s *Tokens) draft(label string, owner Owner, options []Option) Token {
	now := s.clock.Now().UTC().Truncate(time.Microsecond)
	t := Token{UserID: owner.UserID, Username: owner.Username, Label: strings.TrimSpace(label), CreatedAt: now}
	for _, o := range options {
		o(&t)
	}
	return t
}

func (s *Tokens) create(ctx context.Context, t Token) (plaintext string, _ Token, err error) {
	if err := s.check(ctx, &t); err != nil {
		return "", Token{}, err
	}
	if t.ID, err = s.random(idLen); err != nil {
		return "", Token{}, err
	}
	secret, err := s.random(secretLen)
	if err != nil {
		return "", Token{}, err
	}
	body := Prefix + t.ID + "_" + secret
	plaintext = body + checksum(body)
	t.Hash = sha256.Sum256([]byte(plaintext))
	if err := s.store.PutToken(ctx, t); err != nil {
		return "", Token{}, fmt.Errorf("store a token: %w", err)
	}
	return plaintext, t, nil
}

func (s *Tokens) check(ctx context.Context, t *Token) error {
	switch {
	case t.UserID == "":
		return fault.New(fault.BadRequest, "a token needs an owner")
	case utf8.RuneCountInString(t.Label) > maxLabel:
		return fault.New(fault.BadRequest, "label is longer than %d characters", maxLabel)
	case !utf8.ValidString(t.Label) || strings.ContainsFunc(t.Label, unicode.IsControl):
		return fault.New(fault.BadRequest, "label holds control characters or is not UTF-8")
	case !t.ExpiresAt.IsZero() && !t.ExpiresAt.After(t.CreatedAt):
		return fault.New(fault.BadRequest, "the token would expire before it is made")
	case len(t.Guilds) > maxGuilds:
		return fault.New(fault.BadRequest, "a token may name %d guilds", maxGuilds)
	case t.Guilds != nil && len(t.Guilds) == 0:
		return fault.New(fault.BadRequest, "a token for no guild is of no use; leave the guilds out to allow all")
	}
	if !t.ExpiresAt.IsZero() {
		t.ExpiresAt = t.ExpiresAt.UTC().Truncate(time.Microsecond)
	}
	slices.Sort(t.Guilds)
	t.Guilds = slices.Compact(t.Guilds)
	have, err := s.store.Tokens(ctx, t.UserID)
	if err != nil {
		return fmt.Errorf("count tokens: %w", err)
	}
	if len(have) >= maxTokens {
		return fault.New(fault.Conflict, "you have %d tokens, which is the most allowed; delete one first", len(have))
	}
	return nil
}

// Verify gives the identity behind a token's text.
func (s *Tokens) Verify(ctx context.Context, plaintext string) (Identity, error) {
	id, err := parse(plaintext)
	if err != nil {
		return Identity{}, err
	}
	hash := sha256.Sum256([]byte(plaintext))
	t, err := s.store.Token(ctx, id)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return Identity{}, fmt.Errorf("look up a token: %w", err)
	}
	// Without a token the comparison is with zeros, which no hash is.
	if subtle.ConstantTimeCompare(hash[:], t.Hash[:]) != 1 || err != nil {
		return Identity{}, fault.New(fault.Unauthorized, "the API token is not valid; it may have been revoked, create a new one")
	}
	now := s.clock.Now()
	if !t.ExpiresAt.IsZero() && !now.Before(t.ExpiresAt) {
		return Identity{}, fault.New(fault.Unauthorized, "the API token has expired; create a new one")
	}
	if now.Sub(t.LastUsedAt) >= touchEvery {
		// The caller is who they are even if that cannot be noted down.
		if err := s.store.TouchToken(ctx, t.ID, now); err != nil {
			s.log.Warn("a token's use was not recorded", zap.String("token_id", t.ID), zap.Error(err))
		}
	}
	return Identity{UserID: t.UserID, Username: t.Username, Type: TypeToken, Guilds: t.Guilds, ReadOnly: t.ReadOnly, TokenID: t.ID, ExpiresAt: t.ExpiresAt}, nil
}

// List gives the user's tokens, the newest first.
func (s *Tokens) List(ctx context.Context, userID string) ([]Token, error) {
	return s.store.Tokens(ctx, userID)
}

// ListAs gives those of the user's tokens that the caller may delete.
func (s *Tokens) ListAs(ctx context.Context, who Identity) ([]Token, error) {
	all, err := s.store.Tokens(ctx, who.UserID)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(t Token) bool { return !who.covers(t) }), nil
}

// DeleteAs revokes a token of the caller's user. A token revokes itself and
// those that are no wider; of the others it does not learn.
func (s *Tokens) DeleteAs(ctx context.Context, who Identity, id string) error {
	t, err := s.store.Token(ctx, id)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	if err != nil || t.UserID != who.UserID || !who.covers(t) {
		return fault.New(fault.NotFound, "Resource not found: Token not found")
	}
	return s.Delete(ctx, who.UserID, id)
}

// Delete revokes the user's token.
func (s *Tokens) Delete(ctx context.Context, userID, id string) error {
	err := s.store.DeleteToken(ctx, userID, id)
	if fault.Is(err, fault.NotFound) {
		return fault.New(fault.NotFound, "Resource not found: Token not found")
	}
	return err
}

// parse checks the form of a token's text and gives its id.
func parse(text string) (id string, err error) {
	if !strings.HasPrefix(text, Prefix) {
		return "", fault.New(fault.Unauthorized, "this is no API token; one starts with %s", Prefix)
	}
	bad := len(text) != tokenLen || text[len(Prefix)+idLen] != '_'
	if !bad {
		body := text[:tokenLen-checksumLen]
		bad = checksum(body) != text[len(body):]
	}
	if bad {
		return "", fault.New(fault.Unauthorized, "the API token is mistyped or incomplete (its checksum does not match); copy it again")
	}
	return text[len(Prefix) : len(Prefix)+idLen], nil
}

// checksum is no secret: it is made of the text before it.
func checksum(body string) string {
	n := uint64(crc32.ChecksumIEEE([]byte(body)))
	out := make([]byte, checksumLen)
	for i := range out {
		out[len(out)-1-i] = alphabet[n%uint64(len(alphabet))]
		n /= uint64(len(alphabet))
	}
	return string(out)
}

// random gives n letters, all equally likely.
func (s *Tokens) random(n int) (string, error) {
	// The largest multiple of the alphabet's length below 256.
	const usable = 256 / len(alphabet) * len(alphabet)
	out := make([]byte, 0, n)
	buf := make([]byte, n)
	for len(out) < n {
		if _, err := io.ReadFull(s.rand, buf); err != nil {
			return "", fmt.Errorf("read random bytes: %w", err)
		}
		for _, b := range buf {
			if int(b) < usable && len(out) < n {
				out = append(out, alphabet[int(b)%len(alphabet)])
			}
		}
	}
	return string(out), nil
}
