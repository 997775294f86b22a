package auth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/singleflight"

	"github.com/flora-runtime/flora-runtime/pkg/cache"
	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

const (
	// early is how long before its end an access token is renewed.
	early = 30 * time.Second
	// guildsFor is how long Discord's list of a user's guilds is believed.
	guildsFor = 30 * time.Second
	// knownFor is how long it is remembered in which guilds a user was at their
	// last login, for API tokens, which cannot ask.
	knownFor = 90 * 24 * time.Hour
	// askWithin bounds one question to Discord that several callers may wait for.
	askWithin = 10 * time.Second
	// revokeWithin bounds how long a logout waits for Discord.
	revokeWithin = 3 * time.Second
)

// SessionConfig says how people log in.
type SessionConfig struct {
	Secret   string        // api.secret, 32 characters at least.
	Life     time.Duration // Of a session, from the login on.
	Cache    cache.Store
	Provider Provider
	Clock    clock.Clock // The real one when nil.
	Log      *zap.Logger // nil logs nothing.
}

// Sessions are the logins of people by Discord. A session is known by a cookie;
// the cache has it under the cookie's hash, sealed. Its methods may be called at
// once from many goroutines, and replicas share all of it.
type Sessions struct {
	cfg    SessionConfig
	vault  vault
	flight singleflight.Group
}

// NewSessions checks the configuration.
func NewSessions(cfg SessionConfig) (*Sessions, error) {
	switch {
	case len(cfg.Secret) < 32:
		return nil, errors.New("sessions need a secret of 32 characters at least (api.secret)")
	case cfg.Life < time.Minute || cfg.Life > cache.MaxTTL:
		return nil, fmt.Errorf("a session must last from a minute to %s (api.cookie_ttl_secs)", cache.MaxTTL)
	case cfg.Cache == nil, cfg.Provider == nil:
		return nil, errors.New("sessions need a cache and an OAuth provider")
	}
	if cfg.Clock == nil {
		cfg.Clock = clock.Real
	}
	if cfg.Log == nil {
		cfg.Log = zap.NewNop()
	}
	return &Sessions{cfg: cfg, vault: vault{[]byte(cfg.Secret)}}, nil
}

// Life is how long a session lasts.
func (s *Sessions) Life() time.Duration { return s.cfg.Life }

// Session is one login.
type Session struct {
	cookie string
	sessionRecord
}

// sessionRecord is what is sealed in the cache.
type sessionRecord struct {
	User    User      `json:"user"`
	Access  string    `json:"access"`
	Refresh string    `json:"refresh"`
	Expires time.Time `json:"expires"` // When the access token is to be renewed.
	Ends    time.Time `json:"ends"`
}

func (s *Session) key() string { return keyOf("session", s.cookie) }

// identity is who a session belongs to.
func (s *Session) identity() Identity {
	return Identity{UserID: s.User.ID, Username: s.User.Username, Type: TypeSession, Session: s}
}

func errExpired() error { return fault.New(fault.Unauthorized, "Unauthorized: Session expired") }

// begin makes a session of what Discord granted.
func (s *Sessions) begin(ctx context.Context, user User, g Grant) (*Session, error) {
	now := s.cfg.Clock.Now()
	one := &Session{cookie: newBearer(), sessionRecord: sessionRecord{User: user, Ends: now.Add(s.cfg.Life)}}
	one.take(g, now)
	return one, s.save(ctx, one)
}

// take puts new tokens in.
func (s *Session) take(g Grant, now time.Time) {
	s.Access, s.Expires = g.Access, now.Add(max(g.ExpiresIn-early, g.ExpiresIn/2))
	if g.Refresh != "" {
		s.Refresh = g.Refresh
	}
}

func (s *Sessions) save(ctx context.Context, one *Session) error {
	ttl := one.Ends.Sub(s.cfg.Clock.Now())
	if ttl <= 0 {
		return errExpired()
	}
	sealed, err := s.vault.seal("session", one.cookie, one.sessionRecord)
	if err != nil {
		return err
	}
	return s.cfg.Cache.Set(ctx, one.key(), sealed, ttl)
}

// load finds the session of a cookie.
func (s *Sessions) load(ctx context.Context, cookie string) (*Session, error) {
	if !isBearer(cookie) {
		return nil, errExpired()
	}
	one := &Session{cookie: cookie}
	sealed, err := s.cfg.Cache.Get(ctx, one.key())
	if fault.Is(err, fault.NotFound) {
		return nil, errExpired()
	}
	if err != nil {
		return nil, err
	}
	if err := s.vault.open("session", cookie, sealed, &one.sessionRecord); err != nil {
		s.cfg.Log.Info("a session cannot be read and has ended", zap.Error(err))
		return nil, errExpired()
	}
	if !s.cfg.Clock.Now().Before(one.Ends) {
		return nil, errExpired()
	}
	return one, nil
}

// Identify gives who the cookie's session belongs to, and renews its access
// token when that has become too old. Its error is a fault: Unauthorized when
// the session is over, Upstream while Discord does not renew it, Unavailable
// while the cache is away.
func (s *Sessions) Identify(ctx context.Context, cookie string) (Identity, error) {
	one, err := s.load(ctx, cookie)
	if err != nil {
		return Identity{}, err
	}
	if !s.cfg.Clock.Now().Before(one.Expires) {
		if one, err = s.renew(ctx, one); err != nil {
			return Identity{}, err
		}
	}
	return one.identity(), nil
}

// End ends the cookie's session, here and, if it answers, at Discord.
func (s *Sessions) End(ctx context.Context, cookie string) error {
	if !isBearer(cookie) {
		return nil
	}
	// Before the session itself: who renews it meanwhile looks for this after
	// writing it.
	if err := s.cfg.Cache.Set(ctx, keyOf("session-ended", cookie), nil, endedFor); err != nil {
		return err
	}
	one, err := s.load(ctx, cookie)
	if err != nil && !fault.Is(err, fault.Unauthorized) {
		return err
	}
	if err := s.cfg.Cache.Delete(ctx, keyOf("session", cookie)); err != nil {
		return err
	}
	if one != nil {
		s.revoke(ctx, one)
	}
	return nil
}

// revoke lets Discord forget what it granted. That it does not is no failure of
// the logout: nobody has the tokens any more.
func (s *Sessions) revoke(ctx context.Context, one *Session) {
	ctx, cancel := context.WithTimeout(ctx, revokeWithin)
	defer cancel()
	token := one.Refresh
	if token == "" {
		token = one.Access
	}
	if err := s.cfg.Provider.Revoke(ctx, token); err != nil {
		s.cfg.Log.Info("Discord was not told of a logout", zap.String("user_id", one.User.ID), zap.Error(err))
	}
}

// guilds lists the guilds that the session's user is in.
func (s *Sessions) guilds(ctx context.Context, one *Session) ([]Membership, error) {
	key := "user-guilds:" + one.User.ID
	raw, err := s.cfg.Cache.Get(ctx, key)
	if err == nil {
		var list []Membership
		if err := json.Unmarshal(raw, &list); err == nil {
			return list, nil
		}
	} else if !fault.Is(err, fault.NotFound) {
		return nil, err
	}
	list, err := join(ctx, &s.flight, key, askWithin+renewWithin, func(ctx context.Context) ([]Membership, error) {
		return s.askGuilds(ctx, one, key)
	})
	if errors.Is(err, ErrGrantEnded) {
		return nil, errExpired()
	}
	return list, err
}

func (s *Sessions) askGuilds(ctx context.Context, one *Session, key string) ([]Membership, error) {
	list, err := s.cfg.Provider.Guilds(ctx, one.Access)
	if errors.Is(err, ErrGrantEnded) {
		// It was taken back early, or Discord's clock is ahead.
		if one, err = s.renew(ctx, one); err != nil {
			return nil, err
		}
		list, err = s.cfg.Provider.Guilds(ctx, one.Access)
	}
	if err != nil {
		return nil, err
	}
	s.remember(ctx, key, guildsFor, list)
	ids := make([]snowflake.GuildID, len(list))
	for i, m := range list {
		ids[i] = m.ID
	}
	s.remember(ctx, "known-guilds:"+one.User.ID, knownFor, ids)
	return list, nil
}

// remember puts into the cache what can be asked again.
func (s *Sessions) remember(ctx context.Context, key string, ttl time.Duration, doc any) {
	raw, err := json.Marshal(doc)
	if err == nil {
		err = s.cfg.Cache.Set(ctx, key, raw, ttl)
	}
	if err != nil {
		s.cfg.Log.Debug("not remembered", zap.Error(err))
	}
}

// known lists the guilds that the user was in when Discord was last asked as
// them; nil when that is not known.
func (s *Sessions) known(ctx context.Context, user string) (ids []snowflake.GuildID) {
	raw, err := s.cfg.Cache.Get(ctx, "known-guilds:"+user)
	if err != nil || json.Unmarshal(raw, &ids) != nil {
		return nil
	}
	return ids
}

// join makes one question of all that are asked at the same time. It outlives
// the first who asked.
func join[T any](ctx context.Context, flight *singleflight.Group, key string, within time.Duration, ask func(context.Context) (T, error)) (T, error) {
	done := flight.DoChan(key, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), within)
		defer cancel()
		return ask(ctx)
	})
	var none T
	select {
	case r := <-done:
		v, _ := r.Val.(T)
		return v, r.Err
	case <-ctx.Done():
		return none, fault.Wrap(ctx.Err(), fault.Upstream, "Discord did not answer in time; try again")
	}
}
