package cache

// Limit bounds the number of values.
func (m *Memory) Limit(n int) { m.limit = n }

// Len is the number of values that memory is used for.
func (m *Memory) Len() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.entries)
}
