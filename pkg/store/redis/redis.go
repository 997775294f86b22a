// Package redis keeps what pkg/cache and pkg/replica describe in Redis 7 or Valkey. While the
// server cannot be reached every method fails with fault.Unavailable, at once
// or after two seconds, and works again when it can; a subscription goes on by
// itself.
package redis

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"
	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/cache"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
)

const (
	// callLimit bounds a method but DeletePrefix, which looks at every key.
	callLimit   = 2 * time.Second
	removeLimit = 30 * time.Second
	// connectLimit bounds one attempt to connect; silenceLimit is how long a
	// connection may be without any answer before it is given up.
	connectLimit = 2 * time.Second
	silenceLimit = 3 * time.Second
	// retryAfter is what callers are told to wait while the server is away.
	retryAfter = 5 * time.Second
	// standardPrefix is Config.Prefix when there is none.
	standardPrefix = "flora:"
	// page is how many keys one step of DeletePrefix looks at.
	page = 1000
)

// Config of a Store.
type Config struct {
	// URL is where the server is: "redis://user:password@host:6379/0", or
	// rediss:// for TLS.
	URL string
	Log *zap.Logger // nil logs nothing.
	// Prefix starts every key and topic, so that others may use the same server.
	// "" is "flora:".
	Prefix string
	// PoolSize bounds the connections for commands that block; 0 is the client's
	// own bound.
	PoolSize int
}

// Store implements cache.Store.
type Store struct {
	client rueidis.Client
	log    *zap.Logger
	prefix string
	down   atomic.Bool // The log says that the server does not answer.
}

var _ cache.Store = (*Store)(nil)

// errWrongURL shows nothing of the URL, which may hold a password.
var errWrongURL = errors.New("cache.url must look like redis://user:password@host:6379/0, or rediss:// for TLS")

// Open connects to the server. One that cannot be reached just now is a
// fault.Unavailable.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	o, err := rueidis.ParseURL(cfg.URL)
	if err != nil {
		return nil, errWrongURL
	}
	if cfg.Log == nil {
		cfg.Log = zap.NewNop()
	}
	if cfg.Prefix == "" {
		cfg.Prefix = standardPrefix
	}
	o.ClientName = "flora"
	o.BlockingPoolSize = cfg.PoolSize
	o.Dialer.Timeout, o.Dialer.KeepAlive, o.ConnWriteTimeout = connectLimit, time.Second, silenceLimit
	// Nothing is read so often that answers are kept here too.
	o.DisableCache = true
	// What a command did before its connection was lost is not known.
	o.DisableRetry = true
	if o.Sentinel.MasterSet == "" {
		o.ForceSingleClient = true
	}
	unusable := func(err error) error {
		err = fmt.Errorf("the cache at %s cannot be used; see that it runs and that cache.url is right: %w", strings.Join(o.InitAddress, ", "), err)
		if answer, ok := rueidis.IsRedisErr(err); ok && !passing(answer.Error()) {
			return err
		}
		return fault.Wrap(err, fault.Unavailable, "the cache cannot be reached at the moment; try again in some seconds")
	}
	client, err := rueidis.NewClient(o)
	if err != nil {
		return nil, unusable(err)
	}
	s := &Store{client: client, log: cfg.Log, prefix: cfg.Prefix}
	if err := s.Ping(ctx); err != nil {
		client.Close()
		return nil, unusable(err)
	}
	return s, nil
}

// Close ends all connections. Methods called later fail.
func (s *Store) Close() error {
	s.client.Close()
	return nil
}

// Ping asks whether the server answers.
func (s *Store) Ping(ctx context.Context) error {
	_, err := s.do(ctx, s.client.B().Ping().Build())
	return err
}

// do sends a command; a fault.NotFound is an answer of nil.
func (s *Store) do(ctx context.Context, cmd rueidis.Completed) (rueidis.RedisMessage, error) {
	if err := ctx.Err(); err != nil {
		return rueidis.RedisMessage{}, err
	}
	limited, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	answer, err := s.client.Do(limited, cmd).ToMessage()
	return answer, s.outcome(ctx, err)
}

// outcome makes what callers see of an error, and tells the log when the server
// stops to answer and when it answers again.
func (s *Store) outcome(ctx context.Context, err error) error {
	if err == nil || rueidis.IsRedisNil(err) {
		if s.down.CompareAndSwap(true, false) {
			s.log.Info("the cache answers again")
		}
		if err != nil {
			return fault.New(fault.NotFound, "the cache has no such value")
		}
		return nil
	}
	// The caller's own end, not that of our limits.
	if e := ended(ctx); e != nil {
		return errors.Join(e, err)
	}
	if answer, ok := rueidis.IsRedisErr(err); ok && !passing(answer.Error()) {
		return fault.Wrap(err, fault.Internal, "the cache failed; tell the operator")
	}
	if s.down.CompareAndSwap(false, true) {
		s.log.Error("the cache does not answer; what needs it is refused until it does", zap.Error(err))
	}
	f := fault.Wrap(err, fault.Unavailable, "the cache cannot be reached at the moment; try again in some seconds")
	f.RetryAfter = retryAfter
	return f
}

// ended is ctx.Err, which may come a moment after those who wait for the same
// deadline by themselves.
func ended(ctx context.Context) error {
	if deadline, ok := ctx.Deadline(); ok && !time.Now().Before(deadline) {
		return context.DeadlineExceeded
	}
	return ctx.Err()
}

// passing reports an answer of a server that is there and cannot serve just now:
// starting, a replica, out of memory, or busy with a script.
func passing(answer string) bool {
	word, _, _ := strings.Cut(answer, " ")
	switch word {
	case "LOADING", "READONLY", "MASTERDOWN", "OOM", "MISCONF", "BUSY", "TRYAGAIN", "CLUSTERDOWN":
		return true
	}
	return strings.Contains(answer, "max number of clients reached")
}

// key checks a key and gives its full name.
func (s *Store) key(key string) (string, error) { return s.prefix + key, cache.CheckKey(key) }

// Get implements cache.Store.
func (s *Store) Get(ctx context.Context, key string) ([]byte, error) {
	name, err := s.key(key)
	if err != nil {
		return nil, err
	}
	return s.value(ctx, s.client.B().Get().Key(name).Build())
}

// value gives a command's answer as bytes.
func (s *Store) value(ctx context.Context, cmd rueidis.Completed) ([]byte, error) {
	answer, err := s.do(ctx, cmd)
	if err != nil {
		return nil, err
	}
	text, err := answer.ToString()
	return []byte(text), err
}

// milliseconds rounds up: a value that ends must have lived.
func milliseconds(ttl time.Duration) int64 {
	return int64((ttl + time.Millisecond - 1) / time.Millisecond)
}

// Set implements cache.Store.
func (s *Store) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if err := cache.Check(key, ttl); err != nil {
		return err
	}
	_, err := s.do(ctx, s.client.B().Set().Key(s.prefix+key).Value(rueidis.BinaryString(value)).PxMilliseconds(milliseconds(ttl)).Build())
	return err
}

// Add implements cache.Store.
func (s *Store) Add(ctx context.Context, key string, value []byte, ttl time.Duration) (bool, error) {
	if err := cache.Check(key, ttl); err != nil {
		return false, err
	}
	_, err := s.do(ctx, s.client.B().Set().Key(s.prefix+key).Value(rueidis.BinaryString(value)).Nx().PxMilliseconds(milliseconds(ttl)).Build())
	if fault.Is(err, fault.NotFound) {
		return false, nil // It was there.
	}
	return err == nil, err
}

// Take implements cache.Store.
func (s *Store) Take(ctx context.Context, key string) ([]byte, error) {
	name, err := s.key(key)
	if err != nil {
		return nil, err
	}
	return s.value(ctx, s.client.B().Getdel().Key(name).Build())
}

// Touch implements cache.Store.
func (s *Store) Touch(ctx context.Context, key string, ttl time.Duration) (bool, error) {
	if err := cache.Check(key, ttl); err != nil {
		return false, err
	}
	answer, err := s.do(ctx, s.client.B().Pexpire().Key(s.prefix+key).Milliseconds(milliseconds(ttl)).Build())
	if err != nil {
		return false, err
	}
	return answer.AsBool()
}

// Delete implements cache.Store.
func (s *Store) Delete(ctx context.Context, key string) error {
	name, err := s.key(key)
	if err != nil {
		return err
	}
	_, err = s.do(ctx, s.client.B().Unlink().Key(name).Build())
	return err
}

// literal escapes what has a meaning in a pattern of SCAN.
var literal = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`, `^`, `\^`)

// DeletePrefix implements cache.Store.
func (s *Store) DeletePrefix(ctx context.Context, prefix string) error {
	name, err := s.key(prefix)
	if err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, removeLimit)
	defer cancel()
	for cursor := uint64(0); ; {
		answer, err := s.do(limited, s.client.B().Scan().Cursor(cursor).Match(literal.Replace(name)+"*").Count(page).Build())
		if err != nil {
			return s.given(ctx, err)
		}
		entry, err := answer.AsScanEntry()
		if err != nil {
			return fmt.Errorf("read a page of the cache's keys: %w", err)
		}
		if len(entry.Elements) > 0 {
			if _, err := s.do(limited, s.client.B().Unlink().Key(entry.Elements...).Build()); err != nil {
				return s.given(ctx, err)
			}
		}
		if cursor = entry.Cursor; cursor == 0 {
			return nil
		}
	}
}

// given tells the end of our own limit from that of the caller's.
func (s *Store) given(ctx context.Context, err error) error {
	if _, ok := errors.AsType[*fault.Fault](err); ok {
		return err
	}
	return s.outcome(ctx, err)
}
