package auth

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
)

const (
	// renewWithin bounds a renewal with all its waiting, and lockLife how long
	// others wait for a replica that died over it.
	renewWithin = 30 * time.Second
	lockLife    = renewWithin + 10*time.Second
	// failedFor is how long a renewal that failed is not tried again.
	failedFor = 2 * time.Second
	// endedFor is longer than any renewal takes.
	endedFor = 2 * lockLife
	// lookEvery is how often it is looked whether another replica is done, and
	// saveEvery how often new tokens are tried to be saved.
	lookEvery = 20 * time.Millisecond
	saveEvery = 250 * time.Millisecond
)

// failed is the value of the lock after a renewal that failed.
const failed = "failed"

// renew gets new tokens for a session, once however many ask: Discord takes a
// refresh token one time only.
func (s *Sessions) renew(ctx context.Context, old *Session) (*Session, error) {
	return join(ctx, &s.flight, "renew "+old.key(), renewWithin, func(ctx context.Context) (*Session, error) {
		return s.renewAlone(ctx, old)
	})
}

// renewAlone renews the session, or waits for the replica that does.
func (s *Sessions) renewAlone(ctx context.Context, old *Session) (*Session, error) {
	lock := keyOf("session-renewal", old.cookie)
	for {
		mine, err := s.cfg.Cache.Add(ctx, lock, nil, lockLife)
		if err != nil {
			return nil, err
		}
		now, err := s.load(ctx, old.cookie)
		switch {
		case err != nil, now.Access != old.Access:
			if mine {
				s.unlock(ctx, lock)
			}
			return now, err
		case mine:
			return s.refresh(ctx, now, lock)
		}
		state, err := s.cfg.Cache.Get(ctx, lock)
		if err == nil && string(state) == failed {
			return nil, fault.New(fault.Upstream, "Discord did not renew the login; try again")
		}
		if !clock.Sleep(ctx, clock.Real, lookEvery) {
			return nil, fault.New(fault.Upstream, "Discord did not renew the login in time; try again")
		}
	}
}

// refresh exchanges the session's refresh token; this process holds the lock.
func (s *Sessions) refresh(ctx context.Context, one *Session, lock string) (*Session, error) {
	if one.Refresh == "" {
		defer s.unlock(ctx, lock)
		return nil, s.drop(ctx, one)
	}
	asking, cancel := context.WithTimeout(ctx, askWithin)
	g, err := s.cfg.Provider.Refresh(asking, one.Refresh)
	cancel()
	if errors.Is(err, ErrGrantEnded) {
		defer s.unlock(ctx, lock)
		return nil, s.drop(ctx, one)
	}
	if err != nil {
		// Those who wait, and those who come next, need not try what just failed.
		if err := s.cfg.Cache.Set(ctx, lock, []byte(failed), failedFor); err != nil {
			s.cfg.Log.Debug("a failed renewal was not noted", zap.Error(err))
		}
		return nil, err
	}
	defer s.unlock(ctx, lock)
	one.take(g, s.cfg.Clock.Now())
	// The old tokens are gone: if these were lost, so would be the session.
	for err = s.save(ctx, one); fault.Is(err, fault.Unavailable); err = s.save(ctx, one) {
		if !clock.Sleep(ctx, clock.Real, saveEvery) {
			break
		}
	}
	if err != nil {
		s.cfg.Log.Warn("a renewed session was not saved; its user has to log in again", zap.String("user_id", one.User.ID), zap.Error(err))
		return nil, err
	}
	return s.unlessEnded(ctx, one)
}

// unlessEnded undoes the saving of a session that was ended meanwhile.
func (s *Sessions) unlessEnded(ctx context.Context, one *Session) (*Session, error) {
	_, err := s.cfg.Cache.Get(ctx, keyOf("session-ended", one.cookie))
	if fault.Is(err, fault.NotFound) {
		return one, nil
	}
	if err != nil {
		return nil, err
	}
	s.revoke(ctx, one)
	return nil, s.drop(ctx, one)
}

// drop ends a session whose tokens are not good any more.
func (s *Sessions) drop(ctx context.Context, one *Session) error {
	if err := s.cfg.Cache.Delete(ctx, one.key()); err != nil {
		return err
	}
	return errExpired()
}

func (s *Sessions) unlock(ctx context.Context, lock string) {
	// If it stays, it ends by itself.
	if err := s.cfg.Cache.Delete(ctx, lock); err != nil {
		s.cfg.Log.Debug("a lock of a renewal stays", zap.Error(err))
	}
}
