package cache

import (
	"bytes"
	"container/heap"
	"context"
	"strings"
	"sync"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
)

// maxEntries bounds a Memory; the values that would end first make room.
const maxEntries = 100_000

// queued is how many messages wait for a slow subscriber; more are missed.
const queued = 1024

// Memory is a Store in this process's memory.
type Memory struct {
	clock clock.Clock
	limit int

	// mu guards what follows.
	mu      sync.Mutex
	entries map[string]*entry
	byEnd   ends
	topics  map[string]map[*subscription]struct{}
}

var _ Store = (*Memory)(nil)

// entry is a value and when it ends.
type entry struct {
	key   string
	value []byte
	end   time.Time
	index int // In ends.
}

// subscription is one call of Subscribe.
type subscription struct {
	messages chan []byte
	missed   bool // Guarded by Memory.mu.
}

// NewMemory makes an empty Memory.
func NewMemory(c clock.Clock) *Memory {
	return &Memory{clock: c, limit: maxEntries, entries: map[string]*entry{}, topics: map[string]map[*subscription]struct{}{}}
}

// find gives the key's entry or nil. The caller holds mu.
func (m *Memory) find(key string) *entry {
	e := m.entries[key]
	if e == nil || !m.clock.Now().Before(e.end) {
		return nil
	}
	return e
}

// put writes an entry and makes room for it. The caller holds mu.
func (m *Memory) put(key string, value []byte, ttl time.Duration) {
	now := m.clock.Now()
	if e := m.entries[key]; e != nil {
		m.remove(e)
	}
	for len(m.byEnd) > 0 && (!now.Before(m.byEnd[0].end) || len(m.byEnd) >= m.limit) {
		m.remove(m.byEnd[0])
	}
	e := &entry{key: key, value: bytes.Clone(value), end: now.Add(ttl)}
	m.entries[key] = e
	heap.Push(&m.byEnd, e)
}

func (m *Memory) remove(e *entry) {
	delete(m.entries, e.key)
	heap.Remove(&m.byEnd, e.index)
}

// Get implements Store.
func (m *Memory) Get(ctx context.Context, key string) ([]byte, error) {
	if err := begin(ctx, CheckKey(key)); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.find(key)
	if e == nil {
		return nil, missing()
	}
	return bytes.Clone(e.value), nil
}

// begin gives the first reason not to do anything.
func begin(ctx context.Context, refusal error) error {
	if refusal != nil {
		return refusal
	}
	return ctx.Err()
}

func missing() error { return fault.New(fault.NotFound, "the cache has no such value") }

// Set implements Store.
func (m *Memory) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if err := begin(ctx, Check(key, ttl)); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.put(key, value, ttl)
	return nil
}

// Add implements Store.
func (m *Memory) Add(ctx context.Context, key string, value []byte, ttl time.Duration) (bool, error) {
	if err := begin(ctx, Check(key, ttl)); err != nil {
		return false, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.find(key) != nil {
		return false, nil
	}
	m.put(key, value, ttl)
	return true, nil
}

// Take implements Store.
func (m *Memory) Take(ctx context.Context, key string) ([]byte, error) {
	if err := begin(ctx, CheckKey(key)); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.find(key)
	if e == nil {
		return nil, missing()
	}
	m.remove(e)
	return e.value, nil
}

// Touch implements Store.
func (m *Memory) Touch(ctx context.Context, key string, ttl time.Duration) (bool, error) {
	if err := begin(ctx, Check(key, ttl)); err != nil {
		return false, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.find(key)
	if e == nil {
		return false, nil
	}
	e.end = m.clock.Now().Add(ttl)
	heap.Fix(&m.byEnd, e.index)
	return true, nil
}

// Delete implements Store.
func (m *Memory) Delete(ctx context.Context, key string) error {
	if err := begin(ctx, CheckKey(key)); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if e := m.entries[key]; e != nil {
		m.remove(e)
	}
	return nil
}

// DeletePrefix implements Store.
func (m *Memory) DeletePrefix(ctx context.Context, prefix string) error {
	if err := begin(ctx, CheckKey(prefix)); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for key, e := range m.entries {
		if strings.HasPrefix(key, prefix) {
			m.remove(e)
		}
	}
	return nil
}

// Publish implements Store.
func (m *Memory) Publish(ctx context.Context, topic string, message []byte) error {
	if err := begin(ctx, CheckKey(topic)); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for s := range m.topics[topic] {
		select {
		case s.messages <- bytes.Clone(message):
		default:
			s.missed = true
		}
	}
	return nil
}

// Subscribe implements Store.
func (m *Memory) Subscribe(ctx context.Context, topic string, live func(), message func([]byte)) error {
	if err := CheckKey(topic); err != nil {
		return err
	}
	s := &subscription{messages: make(chan []byte, queued)}
	m.mu.Lock()
	if m.topics[topic] == nil {
		m.topics[topic] = map[*subscription]struct{}{}
	}
	m.topics[topic][s] = struct{}{}
	m.mu.Unlock()
	defer func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		if delete(m.topics[topic], s); len(m.topics[topic]) == 0 {
			delete(m.topics, topic)
		}
	}()
	live()
	for {
		select {
		case <-ctx.Done():
			return nil
		case b := <-s.messages:
			message(b)
		}
		m.mu.Lock()
		missed := s.missed && len(s.messages) == 0
		if missed {
			s.missed = false
		}
		m.mu.Unlock()
		if missed {
			live()
		}
	}
}

// ends orders entries by their end; it implements heap.Interface.
type ends []*entry

func (h ends) Len() int           { return len(h) }
func (h ends) Less(i, j int) bool { return h[i].end.Before(h[j].end) }
func (h ends) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

// Push adds an entry.
func (h *ends) Push(x any) {
	e, _ := x.(*entry)
	e.index = len(*h)
	*h = append(*h, e)
}

// Pop takes the last entry.
func (h *ends) Pop() any {
	old := *h
	e := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return e
}
