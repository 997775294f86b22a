package secrettest

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/secret"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// Memory is a store for tests of what is built on one.
type Memory struct {
	mu   sync.Mutex // Guards the members below.
	all  []secret.Record
	away bool
}

// Away has every method fail like a database that cannot be reached.
func (m *Memory) Away(away bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.away = away
}

// Change changes what is stored behind the service's back.
func (m *Memory) Change(f func(all []secret.Record)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f(m.all)
}

// enter is lock; the caller unlocks mu in any case.
func (m *Memory) enter() error {
	m.mu.Lock()
	if m.away {
		return fault.New(fault.Unavailable, "the database cannot be reached")
	}
	return nil
}

func (m *Memory) index(guild snowflake.GuildID, name string) int {
	return slices.IndexFunc(m.all, func(r secret.Record) bool { return r.Guild == guild && r.Name == name })
}

// Secrets implements secret.Store.
func (m *Memory) Secrets(_ context.Context, guild snowflake.GuildID) ([]secret.Record, error) {
	err := m.enter()
	defer m.mu.Unlock()
	if err != nil {
		return nil, err
	}
	out := slices.DeleteFunc(slices.Clone(m.all), func(r secret.Record) bool { return r.Guild != guild })
	slices.SortFunc(out, func(a, b secret.Record) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

// PutSecret implements secret.Store.
func (m *Memory) PutSecret(_ context.Context, r secret.Record, most int) error {
	err := m.enter()
	defer m.mu.Unlock()
	if err != nil {
		return err
	}
	if i := m.index(r.Guild, r.Name); i >= 0 {
		if m.all[i].ID != r.ID {
			return fault.New(fault.Conflict, "it was changed meanwhile")
		}
		m.all[i] = r
		return nil
	}
	have := 0
	for _, one := range m.all {
		if one.Guild == r.Guild {
			have++
		}
	}
	if have >= most {
		return secret.TooMany(most)
	}
	m.all = append(m.all, r)
	return nil
}

// DeleteSecret implements secret.Store.
func (m *Memory) DeleteSecret(_ context.Context, guild snowflake.GuildID, name string) (bool, error) {
	err := m.enter()
	defer m.mu.Unlock()
	i := m.index(guild, name)
	if err != nil || i < 0 {
		return false, err
	}
	m.all = slices.Delete(m.all, i, i+1)
	return true, nil
}

// StaleSecrets implements secret.Store.
func (m *Memory) StaleSecrets(_ context.Context, keyID, after string, limit int) ([]secret.Record, error) {
	err := m.enter()
	defer m.mu.Unlock()
	if err != nil {
		return nil, err
	}
	out := slices.DeleteFunc(slices.Clone(m.all), func(r secret.Record) bool { return r.KeyID == keyID || r.ID <= after })
	slices.SortFunc(out, func(a, b secret.Record) int { return strings.Compare(a.ID, b.ID) })
	return out[:min(limit, len(out))], nil
}

// ResealSecret implements secret.Store.
func (m *Memory) ResealSecret(_ context.Context, id string, was []byte, keyID string, sealed []byte) error {
	err := m.enter()
	defer m.mu.Unlock()
	if err != nil {
		return err
	}
	for i, r := range m.all {
		if r.ID == id && bytes.Equal(r.Sealed, was) {
			m.all[i].KeyID, m.all[i].Sealed = keyID, sealed
		}
	}
	return nil
}

// Keys are of this size, for tests.
const (
	KeyA = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	KeyB = "exactly thirty-two bytes of key!"
)

// Service is a service on a store, with KeyA.
func Service(tb testing.TB, store secret.Store) *secret.Service {
	tb.Helper()
	keys, err := secret.NewKeyring(KeyA, "")
	if err != nil {
		tb.Fatal(err)
	}
	return secret.New(secret.Config{Store: store, Keys: keys})
}
