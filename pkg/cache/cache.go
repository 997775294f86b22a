// Package cache is what several runtimes share and may forget: sessions, the
// state of logins under way, short memories of who may do what and of what
// belongs to which guild, and messages among replicas. Store is what keeps it;
// Memory is the one of a runtime that runs alone.
package cache

import (
	"context"
	"fmt"
	"time"
)

// Bounds of what a Store takes.
const (
	MaxKey = 512 // Bytes of a key or a topic; at least one.
	MaxTTL = 366 * 24 * time.Hour
)

// Store keeps values for a time. Keys and values are any bytes. Its methods may
// be called at once from many goroutines and see what any replica wrote; while
// the store cannot be reached they fail with fault.Unavailable.
//
// Nothing in it is safe from loss: a store that is restarted may be empty.
type Store interface {
	// Get gives the key's value, or a fault.NotFound.
	Get(ctx context.Context, key string) ([]byte, error)
	// Set makes value the key's until ttl has passed, whatever it was before.
	Set(ctx context.Context, key string, value []byte, ttl time.Duration) error
	// Add is Set for a key that has no value; of several at once one succeeds.
	// The others, and one for a key that has a value, change nothing and say so.
	Add(ctx context.Context, key string, value []byte, ttl time.Duration) (added bool, err error)
	// Take is Get and Delete in one: of several at once one gets the value, the
	// others a fault.NotFound.
	Take(ctx context.Context, key string) ([]byte, error)
	// Touch lets the key's value live for ttl from now; false says that there
	// is none.
	Touch(ctx context.Context, key string, ttl time.Duration) (found bool, err error)
	// Delete removes the key's value, if it has one.
	Delete(ctx context.Context, key string) error
	// DeletePrefix removes the values of all keys that start with prefix, which
	// must not be empty. One that is set meanwhile may stay. It looks at every
	// key that there is, so it is for what happens seldom.
	DeletePrefix(ctx context.Context, prefix string) error
	// Publish sends the message to all who subscribe to the topic now.
	Publish(ctx context.Context, topic string, message []byte) error
	// Subscribe calls message with what is published under the topic, in order
	// and one at a time, until ctx ends. It calls live when it begins to hear
	// and each time that it may have missed something since: because the store
	// was away, or because message was slower than the publishers. Then the
	// subscriber looks at the whole state of what the messages are about.
	Subscribe(ctx context.Context, topic string, live func(), message func([]byte)) error
}

// CheckKey reports a key or topic that no Store takes.
func CheckKey(key string) error {
	if key == "" || len(key) > MaxKey {
		return fmt.Errorf("a key of the cache has %d bytes, want 1 to %d", len(key), MaxKey)
	}
	return nil
}

// Check reports a key or time to live that no Store takes.
func Check(key string, ttl time.Duration) error {
	if ttl <= 0 || ttl > MaxTTL {
		return fmt.Errorf("a value of the cache would live for %s, want more than 0 and at most %s", ttl, MaxTTL)
	}
	return CheckKey(key)
}
