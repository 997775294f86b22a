package app

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"io/fs"
	"os"
	"sync"
	"time"

	"github.com/google/renameio/v2"
	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/bot"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

const (
	// memoriesEvery is how often it is written down what scripts declared.
	memoriesEvery = time.Second
	// memoryBytes bounds one guild's line: a script that declares more is loaded at
	// each start.
	memoryBytes = 256 << 10
)

// memories is what scripts declared, a line of JSON for each in a file to which
// changes are appended. It is a hint: a guild of which it has nothing, or of
// another revision, is loaded at the start. Another version of the runtime may see
// other things in a script, and begins anew.
type memories struct {
	file string
	log  *zap.Logger
	seed maphash.Seed

	mu      sync.Mutex // Guards the members below.
	old     map[snowflake.GuildID]bot.Memory
	written map[snowflake.GuildID]uint64 // Hashes of what the file has.
	dirty   map[snowflake.GuildID]bot.Memory
}

// memoryLine is a line of the file; the first one has only the version.
type memoryLine struct {
	Version string            `json:"version,omitempty"`
	Guild   snowflake.GuildID `json:"guild,omitzero"`
	*bot.Memory
}

func openMemories(file string, log *zap.Logger) *memories {
	m := &memories{
		file: file, log: log, seed: maphash.MakeSeed(),
		old: map[snowflake.GuildID]bot.Memory{}, written: map[snowflake.GuildID]uint64{}, dirty: map[snowflake.GuildID]bot.Memory{},
	}
	lines, whole, err := m.read()
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		log.Warn("what scripts handle is not known before they are loaded: the file cannot be read, is damaged or of another version", zap.String("file", file), zap.Error(err))
		m.old = map[snowflake.GuildID]bot.Memory{}
	}
	// With as many old lines as new ones it is made anew, and where a line was cut
	// off: the next one would become a part of it.
	if err != nil || !whole || lines > 2*len(m.old)+1000 {
		err = m.rewrite()
	}
	if err != nil {
		log.Warn("what scripts handle cannot be written down", zap.String("file", file), zap.Error(err))
	}
	return m
}

// read gives the number of lines, and whether each is one.
func (m *memories) read() (n int, whole bool, err error) {
	f, err := os.Open(m.file)
	if err != nil {
		return 0, false, err
	}
	defer func() { _ = f.Close() }() // It was only read.
	whole = true
	for in := bufio.NewReaderSize(f, 64<<10); ; n++ {
		text, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return n, whole && n > 0 && len(text) == 0, nil
		}
		if err != nil {
			return n, false, err
		}
		text = text[:len(text)-1]
		var l memoryLine
		err = json.Unmarshal(text, &l)
		switch {
		case n == 0 && err != nil:
			return n, false, err
		case n == 0 && l.Version != Version:
			return n, false, fmt.Errorf("version %q", l.Version)
		case n == 0:
		case err != nil || l.Memory == nil || l.Guild.IsZero():
			whole = false // Its guild is loaded.
		default:
			m.old[l.Guild] = *l.Memory
			m.written[l.Guild] = maphash.Bytes(m.seed, text)
		}
	}
}

// rewrite writes what is known into a new file.
func (m *memories) rewrite() error {
	var out bytes.Buffer
	m.written = map[snowflake.GuildID]uint64{}
	if err := m.append(&out, memoryLine{Version: Version}); err != nil {
		return err
	}
	for guild, memory := range m.old {
		if err := m.append(&out, memoryLine{Guild: guild, Memory: &memory}); err != nil {
			return err
		}
	}
	return renameio.WriteFile(m.file, out.Bytes(), 0o600)
}

// append adds the line, unless the file has it.
func (m *memories) append(out *bytes.Buffer, l memoryLine) error {
	text, err := json.Marshal(l)
	if err != nil {
		return err
	}
	sum := maphash.Bytes(m.seed, text)
	if len(text) >= memoryBytes || l.Memory != nil && m.written[l.Guild] == sum {
		return nil
	}
	m.written[l.Guild] = sum
	out.Write(text)
	out.WriteByte('\n')
	return nil
}

// Recall implements bot.Memories.
func (m *memories) Recall(guild snowflake.GuildID) (bot.Memory, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	memory, ok := m.old[guild]
	return memory, ok
}

// forget gives the memory back that Recall needs, which is not called any more.
func (m *memories) forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.old = nil
}

// Keep implements bot.Memories.
func (m *memories) Keep(guild snowflake.GuildID, memory bot.Memory) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.dirty[guild] = memory
	if m.old != nil {
		m.old[guild] = memory
	}
}

// run writes down what is kept, from time to time and at the end.
func (m *memories) run(ctx context.Context) error {
	tick := time.NewTicker(memoriesEvery)
	defer tick.Stop()
	said := false
	for ended := false; !ended; {
		select {
		case <-tick.C:
		case <-ctx.Done():
			ended = true
		}
		err := m.flush()
		if err != nil && !said {
			m.log.Warn("what scripts handle cannot be written down", zap.String("file", m.file), zap.Error(err))
		}
		said = err != nil
	}
	return nil
}

func (m *memories) flush() (err error) {
	m.mu.Lock()
	dirty := m.dirty
	m.dirty = map[snowflake.GuildID]bot.Memory{}
	m.mu.Unlock()
	var out bytes.Buffer
	for guild, memory := range dirty {
		if err := m.append(&out, memoryLine{Guild: guild, Memory: &memory}); err != nil {
			return err
		}
	}
	if out.Len() == 0 {
		return nil
	}
	f, err := os.OpenFile(m.file, os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(out.Bytes())
	return errors.Join(err, f.Close())
}

var _ bot.Memories = (*memories)(nil)
