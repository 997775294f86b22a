package redis

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/redis/rueidis"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
)

const (
	// queued is how many messages wait for a slow subscriber; with more it
	// begins anew.
	queued = 1024
	// The pause before a subscription is tried again doubles from one to the
	// other.
	firstPause = 50 * time.Millisecond
	lastPause  = 5 * time.Second
)

// Publish implements cache.Store.
func (s *Store) Publish(ctx context.Context, topic string, message []byte) error {
	name, err := s.key(topic)
	if err != nil {
		return err
	}
	_, err = s.do(ctx, s.client.B().Publish().Channel(name).Message(rueidis.BinaryString(message)).Build())
	return err
}

// Subscribe implements cache.Store.
func (s *Store) Subscribe(ctx context.Context, topic string, live func(), message func([]byte)) error {
	name, err := s.key(topic)
	if err != nil {
		return err
	}
	pause := firstPause
	for ctx.Err() == nil {
		heard, err := s.listen(ctx, name, live, message)
		if ctx.Err() == nil && errors.Is(err, rueidis.ErrClosing) {
			return fmt.Errorf("the cache is closed, and a subscription with it: %w", err)
		}
		_ = s.outcome(ctx, err) // For the log.
		if heard {
			pause = firstPause
		}
		clock.Sleep(ctx, clock.Real, pause)
		pause = min(2*pause, lastPause)
	}
	return nil
}

// listen hears one connection's messages until that is lost, the subscriber
// falls behind or ctx ends; heard says that the subscription was live.
func (s *Store) listen(ctx context.Context, name string, live func(), message func([]byte)) (heard bool, err error) {
	// Messages have a connection of their own: they must not hold up answers.
	conn, release := s.client.Dedicate()
	defer release()
	defer conn.Close() // Before it could be given to another command.
	messages, subscribed, behind := make(chan string, queued), make(chan struct{}), make(chan struct{})
	var once, late sync.Once
	lost := conn.SetPubSubHooks(rueidis.PubSubHooks{
		OnSubscription: func(rueidis.PubSubSubscription) { once.Do(func() { close(subscribed) }) },
		OnMessage: func(m rueidis.PubSubMessage) {
			select {
			case messages <- m.Message:
			default:
				late.Do(func() { close(behind) })
			}
		},
	})
	limited, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	if err := conn.Do(limited, conn.B().Subscribe().Channel(name).Build()).Error(); err != nil {
		return false, err
	}
	select {
	case <-subscribed:
	case err := <-lost:
		return false, err
	case <-limited.Done():
		return false, limited.Err()
	}
	_ = s.outcome(ctx, nil) // For the log.
	live()
	for {
		select {
		case m := <-messages:
			message([]byte(m))
			continue
		case <-ctx.Done():
			return true, nil
		case err = <-lost:
		case <-behind:
			err = nil // The server is well.
		}
		// What came before is still in order.
		for len(messages) > 0 && ctx.Err() == nil {
			message([]byte(<-messages))
		}
		return true, err
	}
}
