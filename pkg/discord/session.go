package discord

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"github.com/flora-runtime/flora-runtime/pkg/discord/catalog"
)

// Session is what a RESUME needs.
type Session struct {
	ID  string
	URL string // Where Discord wants it resumed.
	Seq int64  // Of the last dispatch that was handed over.
	// Intents are what it was begun with.
	Intents catalog.Intents
}

// SessionStore keeps the shards' sessions over restarts, so that Discord
// replays what a process that ended had not handed over.
type SessionStore interface {
	// Open gives the place of one shard. What was kept for another number of
	// shards or another identity (bot, Discord) is not used.
	Open(shard, shards int, identity uint64) (SessionSlot, error)
}

// SessionSlot keeps one shard's session. One goroutine at a time uses it.
type SessionSlot interface {
	// Load gives the session that was kept, if there is one.
	Load() (Session, bool)
	// Save replaces the session; the zero Session forgets it.
	Save(s Session) error
	// Advance remembers the sequence number of the saved session. It is called
	// for every dispatch.
	Advance(seq int64)
	// Keep, called before Advance, says that the dispatch waits to be handed over;
	// Note, which any goroutine may call with what Keep gave, how far it came.
	Keep(seq int64) (mark uint64)
	Note(mark uint64, f Fate)
	// Begin asks whether the dispatch may be given to its script here, and notes
	// FateBegun and where a later process finds whether it began. Any goroutine may
	// call it. One that this process claimed before, and took back with FateWaits,
	// is granted again as long as the shard is valid. A claim that is neither
	// granted nor denied at once is who's to hear of.
	Begin(mark, place, dispatch uint64, who Claimant) Claim
	// Valid reports whether the shard is this process's at this moment. Any
	// goroutine may ask, also after Close.
	Valid() bool
	// Fate is what an earlier process did with a dispatch that is replayed.
	Fate(seq int64) Fate
	// SettledTo is the number up to which nothing is to be done any more. Any
	// goroutine may ask.
	SettledTo() int64
	// Close lets go of the slot; Note may still be called.
	Close() error
}

// FileSessions keeps sessions in one small memory-mapped file a shard. What was
// written survives the process, however it ends; after a loss of power the
// sequence may be an older one, and Discord repeats events.
type FileSessions struct {
	// Dir is where the files are; it is made when it is missing.
	Dir string
	// Begun, if not nil, tells what earlier processes had begun of what they had
	// given to scripts. Without it, all counts as begun.
	Begun Begun
}

var _ SessionStore = FileSessions{}

// A file is a header, the words, fates and places of the ledger, and two slots of
// which the newer one that is whole counts. The words carry the low bits of their
// slot's generation, so that the number of one session is never taken for
// another's.
const (
	sessionMagic = "FLORASQ3"
	// The version before had no places, which read as zeros, and else the same.
	formerMagic = "FLORASQ2"
	sessionSize = givenOffset + remembered*givenSize
	seqOffset   = 64
	highOffset  = 128
	fatesOffset = 4096
	givenOffset = fatesOffset + remembered
	givenSize   = 16 // Place and dispatch.
	slotOffset  = 1024
	slotSize    = 1024
	slotHeader  = 4 + 8 + 8 + 8 + 2 + 2 + 4 // crc, generation, identity, seq, two lengths, intents.
	seqBits     = 48
)

var (
	errSessionTooLong = errors.New("session id and URL are too long to be kept")
	castagnoli        = crc32.MakeTable(crc32.Castagnoli)
)

// Open implements SessionStore.
func (f FileSessions) Open(shard, shards int, identity uint64) (SessionSlot, error) {
	if err := os.MkdirAll(f.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the directory of gateway sessions: %w", err)
	}
	name := filepath.Join(f.Dir, "shard-"+strconv.Itoa(shard)+"-of-"+strconv.Itoa(shards)+".session")
	file, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // The operator's own directory.
	if err != nil {
		return nil, fmt.Errorf("open the gateway session: %w", err)
	}
	defer func() { _ = file.Close() }() // The mapping stays.
	if err := size(file); err != nil {
		return nil, fmt.Errorf("size the gateway session %s: %w", name, err)
	}
	mem, err := unix.Mmap(int(file.Fd()), 0, sessionSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED) //nolint:gosec // A descriptor fits.
	if err != nil {
		return nil, fmt.Errorf("map the gateway session %s: %w", name, err)
	}
	s := &mappedSession{mem: mem, identity: identity, begun: f.Begun}
	if magic := string(mem[:len(sessionMagic)]); magic != sessionMagic {
		if magic != formerMagic {
			clear(mem)
		}
		copy(mem, sessionMagic)
	}
	s.ledger.attach(mem)
	s.find()
	return s, nil
}

// size takes the file's room now: a disk that is full later would be a SIGBUS.
func size(file *os.File) error {
	if err := file.Truncate(sessionSize); err != nil {
		return err
	}
	err := unix.Fallocate(int(file.Fd()), 0, 0, sessionSize) //nolint:gosec // A descriptor fits.
	if errors.Is(err, unix.EOPNOTSUPP) {
		return nil // Not every file system can.
	}
	return err
}

// mappedSession is a FileSessions slot.
type mappedSession struct {
	mem        []byte
	identity   uint64
	begun      Begun
	session    Session
	ledger     ledger
	generation uint64
	slot       int // Of the session; the other one is written next.
}

// find reads the newer whole slot.
func (m *mappedSession) find() {
	for slot := range 2 {
		if s, generation, identity, ok := m.read(slot); ok && generation > m.generation {
			m.generation, m.slot, m.session = generation, slot, Session{}
			if identity == m.identity {
				m.session = s
			}
		}
	}
	if m.session.ID != "" {
		m.session.Seq = m.ledger.takeOver(m.generation, m.session.Seq, m.begun)
	}
}

func (m *mappedSession) bytes(slot int) []byte {
	start := slotOffset + slot*slotSize
	return m.mem[start : start+slotSize]
}

func (m *mappedSession) read(slot int) (s Session, generation, identity uint64, ok bool) {
	b := m.bytes(slot)
	id, url := int(binary.LittleEndian.Uint16(b[28:])), int(binary.LittleEndian.Uint16(b[30:]))
	if slotHeader+id+url > slotSize || binary.LittleEndian.Uint32(b) != crc32.Checksum(b[4:slotHeader+id+url], castagnoli) {
		return Session{}, 0, 0, false
	}
	text := b[slotHeader:]
	return Session{
		ID: string(text[:id]), URL: string(text[id : id+url]),
		Seq:     int64(binary.LittleEndian.Uint64(b[20:])), //nolint:gosec // Written from an int64.
		Intents: catalog.Intents(binary.LittleEndian.Uint32(b[32:])),
	}, binary.LittleEndian.Uint64(b[4:]), binary.LittleEndian.Uint64(b[12:]), true
}

// Load implements SessionSlot.
func (m *mappedSession) Load() (Session, bool) { return m.session, m.session.ID != "" }

// Save implements SessionSlot.
func (m *mappedSession) Save(s Session) error {
	if slotHeader+len(s.ID)+len(s.URL) > slotSize {
		return errSessionTooLong
	}
	m.generation++
	m.slot = 1 - m.slot
	b := m.bytes(m.slot)
	binary.LittleEndian.PutUint32(b, 0) // Not whole until the end.
	binary.LittleEndian.PutUint64(b[4:], m.generation)
	binary.LittleEndian.PutUint64(b[12:], m.identity)
	binary.LittleEndian.PutUint64(b[20:], uint64(s.Seq))      //nolint:gosec // Read back as an int64.
	binary.LittleEndian.PutUint16(b[28:], uint16(len(s.ID)))  //nolint:gosec // Below slotSize.
	binary.LittleEndian.PutUint16(b[30:], uint16(len(s.URL))) //nolint:gosec // Below slotSize.
	binary.LittleEndian.PutUint32(b[32:], uint32(s.Intents))
	n := slotHeader + copy(b[slotHeader:], s.ID+s.URL)
	binary.LittleEndian.PutUint32(b, crc32.Checksum(b[4:n], castagnoli))
	m.session = s
	m.ledger.begin(m.generation, s.Seq)
	return nil
}

// Advance implements SessionSlot.
func (m *mappedSession) Advance(seq int64) {
	m.session.Seq = seq
	m.ledger.advance(seq)
}

// Keep implements SessionSlot.
func (m *mappedSession) Keep(seq int64) uint64 { return m.ledger.keep(seq) }

// Note implements SessionSlot.
func (m *mappedSession) Note(mark uint64, f Fate) { m.ledger.set(mark, f) }

// Begin implements SessionSlot: nobody else has the shard.
func (m *mappedSession) Begin(mark, place, dispatch uint64, _ Claimant) Claim {
	m.ledger.give(mark, place, dispatch)
	return ClaimGranted
}

// Valid implements SessionSlot.
func (m *mappedSession) Valid() bool { return true }

// Fate implements SessionSlot.
func (m *mappedSession) Fate(seq int64) Fate { return m.ledger.fate(seq) }

// SettledTo implements SessionSlot.
func (m *mappedSession) SettledTo() int64 { return m.ledger.settledTo() }

// Close implements SessionSlot.
func (m *mappedSession) Close() error {
	if m.mem == nil {
		return nil
	}
	mem := m.mem
	m.mem = nil
	var err error
	m.ledger.close(func() { err = unix.Munmap(mem) })
	if err != nil {
		return fmt.Errorf("unmap the gateway session: %w", err)
	}
	return nil
}

// MemorySessions keeps sessions as long as the process lives.
type MemorySessions struct{}

var _ SessionStore = MemorySessions{}

// Open implements SessionStore.
func (MemorySessions) Open(int, int, uint64) (SessionSlot, error) { return &memorySession{}, nil }

type memorySession struct {
	session Session
	seq     atomic.Int64
}

func (m *memorySession) Load() (Session, bool)                  { return m.session, m.session.ID != "" }
func (m *memorySession) Save(s Session) error                   { m.session = s; m.seq.Store(s.Seq); return nil }
func (m *memorySession) Advance(seq int64)                      { m.session.Seq = seq; m.seq.Store(seq) }
func (m *memorySession) Keep(int64) uint64                      { return 0 }
func (m *memorySession) Note(uint64, Fate)                      {}
func (m *memorySession) Begin(_, _, _ uint64, _ Claimant) Claim { return ClaimGranted }
func (m *memorySession) Valid() bool                            { return true }
func (m *memorySession) Fate(int64) Fate                        { return FateWaits }
func (m *memorySession) SettledTo() int64                       { return m.seq.Load() }
func (m *memorySession) Close() error                           { return nil }
