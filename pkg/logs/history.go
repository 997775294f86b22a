package logs

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

const (
	// markEvery is how far apart the places in a file are whose ids are known.
	markEvery = 64 << 10
	// maxRecord is the longest line of a file; what is longer is damage.
	maxRecord = 8*MaxMessage + 4<<10
	// maxUnused bounds the ranges of a census.
	maxUnused = 64
)

// history is one guild's lines on disk, in two files of JSON lines: new ones go
// to the newer, which takes the older's place when it is half of what the guild
// may have. A line that cannot be read, as a torn one at the end, is skipped.
type history struct {
	dir  string
	name string
	size atomic.Int64 // Of both files.

	mu     sync.Mutex // Guards the members below, and the files.
	known  bool       // They were read once.
	parts  [2]part    // The older and the newer.
	census census
	told   bool // The newer file ends with this census, or lines after it.
	torn   bool // The newer file may end in the middle of a line.
	fresh  bool // A file was made or took another's place, and the folder was not synced since.
}

// part is one file.
type part struct {
	size  int64
	marks []mark // Only appended to.
}

// mark says that from the offset on come lines with this id and later.
type mark struct {
	id     uint64
	offset int64
}

// census tells which ids are those of lines: all above Since but for the
// Unused ones, each range without its first and with its last.
type census struct {
	Since  uint64      `json:"since"`
	Unused [][2]uint64 `json:"unused,omitempty"`
}

// lines counts the ids of lines between two others.
func (c census) lines(after, before uint64) uint64 {
	after = max(after, c.Since)
	if before <= after+1 {
		return 0
	}
	n := before - after - 1
	for _, u := range c.Unused {
		if from, to := max(u[0], after), min(u[1], before-1); to > from {
			n -= to - from
		}
	}
	return n
}

// skip notes that no line has an id above after, up to and with last. It is false
// when that was known.
func (c *census) skip(after, last uint64) bool {
	if n := len(c.Unused); last <= c.Since || n > 0 && c.Unused[n-1][1] >= last {
		return false
	}
	c.Unused = append(c.Unused, [2]uint64{after, last})
	if len(c.Unused) > maxUnused {
		c.Since = max(c.Since, c.Unused[0][1])
		c.Unused = slices.Clone(c.Unused[1:])
	}
	return true
}

// record is one line of a file.
type record struct {
	ID        uint64 `json:"id"`
	Timestamp int64  `json:"timestamp"`
	Level     string `json:"level"`
	Target    string `json:"target"`
	Message   string `json:"message"`
}

const (
	recordStart = `{"id":`
	censusStart = `{"since":`
	suffix      = ".log"
	olderSuffix = ".1.log"
)

// guildOf is whose file it is.
func guildOf(file string) (guild snowflake.GuildID, older, ok bool) {
	name, ok := strings.CutSuffix(file, suffix)
	if !ok {
		return 0, false, false
	}
	name, older = strings.CutSuffix(name, ".1")
	guild, err := snowflake.ParseGuild(name)
	return guild, older, err == nil && guild.String() == name
}

func (h *history) path(i int) string {
	return filepath.Join(h.dir, h.name+[2]string{olderSuffix, suffix}[i])
}

// learn reads the files, once. Ids up to start are of earlier processes. The
// caller holds mu.
func (h *history) learn(start uint64) error {
	if h.known {
		return nil
	}
	var parts [2]part
	var c census
	first, last := uint64(0), uint64(0)
	counted := false
	for i := range parts {
		p, whole, err := h.scan(i, func(id uint64) {
			if first == 0 {
				first = id
			}
			last = max(last, id)
		}, func(found census) { c, counted = found, true })
		if err != nil {
			return err
		}
		if i == 1 && whole < p.size {
			// What is behind the last whole line was being written when the
			// process or the machine ended.
			if err := os.Truncate(h.path(i), whole); err != nil {
				h.torn = true
			} else {
				p.size = whole
			}
		}
		parts[i] = p
	}
	switch {
	case last == 0:
		c = census{Since: start}
	case !counted:
		c.Since = first - 1
		fallthrough
	default:
		if last < start {
			c.skip(last, start)
		}
	}
	h.known, h.parts, h.census, h.told = true, parts, c, false
	h.size.Store(parts[0].size + parts[1].size)
	return nil
}

// scan reads one file and tells what is in it; whole is the size up to the end
// of its last whole line.
func (h *history) scan(i int, line func(id uint64), counted func(census)) (p part, whole int64, err error) {
	f, err := os.Open(h.path(i))
	if errors.Is(err, fs.ErrNotExist) {
		return p, 0, nil
	}
	if err != nil {
		return p, 0, fmt.Errorf("read log lines: %w", err)
	}
	defer func() { _ = f.Close() }()
	err = records(f, 0, func(text []byte, offset, end int64, complete bool) bool {
		p.size = end
		if !complete {
			return true
		}
		whole = end
		var c census
		if id, ok := recordID(text); ok {
			line(id)
			p.note(id, offset)
		} else if bytes.HasPrefix(text, []byte(censusStart)) && json.Unmarshal(text, &c) == nil {
			counted(c)
		}
		return true
	})
	return p, whole, err
}

// note adds a mark, if there is none near before.
func (p *part) note(id uint64, offset int64) {
	if n := len(p.marks); n == 0 || offset-p.marks[n-1].offset >= markEvery {
		p.marks = append(p.marks, mark{id, offset})
	}
}

// recordID reads the id of a whole record without decoding the rest.
func recordID(text []byte) (uint64, bool) {
	rest, ok := bytes.CutPrefix(text, []byte(recordStart))
	if !ok || !bytes.HasSuffix(text, []byte("}")) {
		return 0, false
	}
	digits, _, ok := bytes.Cut(rest, []byte(","))
	if !ok {
		return 0, false
	}
	id, err := strconv.ParseUint(string(digits), 10, 64)
	return id, err == nil && id > 0
}

// records calls each with every line from the offset on, until it is false.
// The last may not be complete; longer ones than there are count as lines that
// nobody can read.
func records(r io.ReaderAt, offset int64, each func(text []byte, offset, end int64, complete bool) bool) error {
	in := bufio.NewReaderSize(io.NewSectionReader(r, offset, 1<<62), maxRecord)
	for {
		text, err := in.ReadSlice('\n')
		end := offset + int64(len(text))
		complete := err == nil
		if errors.Is(err, bufio.ErrBufferFull) {
			err = nil // Damage; the rest of it is no record either.
		}
		if len(text) > 0 && !each(bytes.TrimSuffix(text, []byte("\n")), offset, end, complete) {
			return nil
		}
		offset = end
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read log lines: %w", err)
		}
	}
}

// write appends the lines and syncs them if told so; n is how many are in the
// files, whatever failed after that. What is there already stays as it is.
func (h *history) write(lines []Entry, gaps [][2]uint64, start uint64, most int64, sync bool) (n int, grown int64, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	before := h.size.Load()
	defer func() { grown = h.size.Load() - before }()
	if err := h.learn(start); err != nil {
		return 0, 0, err
	}
	for _, g := range gaps {
		h.told = !h.census.skip(g[0], g[1]) && h.told
	}
	for n < len(lines) {
		some, err := h.writeSome(lines[n:], most/2)
		if err != nil {
			return n, 0, err
		}
		n += some
	}
	if sync {
		err = h.sync()
	}
	return n, 0, err
}

// writeSome appends the first lines, as many as fit into the newer file. The
// caller holds mu.
func (h *history) writeSome(lines []Entry, most int64) (n int, err error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if h.torn {
		buf.WriteByte('\n')
	}
	if !h.told {
		if err := enc.Encode(h.census); err != nil {
			return 0, fmt.Errorf("encode a census of log lines: %w", err)
		}
	}
	p := &h.parts[1]
	var marks part
	marks.marks = slices.Clone(p.marks[max(0, len(p.marks)-1):])
	old := len(marks.marks)
	for _, e := range lines {
		at := p.size + int64(buf.Len())
		if err := enc.Encode(record{e.ID, e.Timestamp, e.Level, e.Target, e.Message}); err != nil {
			return 0, fmt.Errorf("encode a log line: %w", err)
		}
		if n > 0 && p.size+int64(buf.Len()) > most {
			buf.Truncate(int(at - p.size))
			break
		}
		marks.note(e.ID, at)
		n++
	}
	if len(p.marks) > 0 && p.size+int64(buf.Len()) > most {
		if err := h.rotate(); err != nil {
			return 0, err
		}
		return 0, nil // Once more, into the new file.
	}
	if err := h.append(buf.Bytes()); err != nil {
		return 0, err
	}
	p.marks = append(p.marks, marks.marks[old:]...)
	h.told = true
	return n, nil
}

// append writes to the newer file, all or nothing. The caller holds mu.
func (h *history) append(b []byte) error {
	p := &h.parts[1]
	f, err := os.OpenFile(h.path(1), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("write log lines: %w", err)
	}
	if _, err := f.Write(b); err != nil {
		h.torn = f.Truncate(p.size) != nil
		return fmt.Errorf("write log lines: %w", errors.Join(err, f.Close()))
	}
	h.fresh = h.fresh || p.size == 0
	p.size += int64(len(b))
	h.torn = false
	h.size.Add(int64(len(b)))
	if err := f.Close(); err != nil {
		return fmt.Errorf("write log lines: %w", err)
	}
	return nil
}

// rotate makes the newer file the older. The caller holds mu.
func (h *history) rotate() error {
	if err := os.Rename(h.path(1), h.path(0)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("turn log files: %w", err)
	}
	h.size.Add(-h.parts[0].size)
	h.parts = [2]part{h.parts[1], {}}
	h.told, h.torn, h.fresh = false, false, true
	return nil
}

// shrink gives up the older file, or makes the newer the older if there is none.
func (h *history) shrink(start uint64) (freed int64, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.learn(start); err != nil {
		return 0, err
	}
	if h.parts[0].size == 0 {
		if err := h.rotate(); err != nil {
			return 0, err
		}
	}
	if err := os.Remove(h.path(0)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, fmt.Errorf("remove a log file: %w", err)
	}
	freed = h.parts[0].size
	h.parts[0] = part{}
	h.size.Add(-freed)
	return freed, nil
}

// sync makes what was written outlive the machine's power. The caller holds mu.
func (h *history) sync() error {
	f, err := os.Open(h.path(1))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // It was given up meanwhile.
	}
	if err != nil {
		return fmt.Errorf("sync log lines: %w", err)
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("sync log lines: %w", err)
	}
	if !h.fresh {
		return nil
	}
	h.fresh = false
	return syncDir(h.dir)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sync the folder of log lines: %w", err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("sync the folder of log lines: %w", err)
	}
	return nil
}

// open gives the files to read from, with what was known of them at that time:
// they may be written to and replaced meanwhile.
func (h *history) open(start uint64) (*reading, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.learn(start); err != nil {
		return nil, err
	}
	r := &reading{guild: h.name, parts: h.parts}
	for i := range r.parts {
		if r.parts[i].size == 0 {
			continue
		}
		f, err := os.Open(h.path(i))
		if errors.Is(err, fs.ErrNotExist) {
			r.parts[i] = part{} // Somebody removed it.
			continue
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("read log lines: %w", err), r.close())
		}
		r.files[i] = f
	}
	return r, nil
}

// taken gives the census.
func (h *history) taken(start uint64) (census, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.learn(start); err != nil {
		return census{}, err
	}
	return census{Since: h.census.Since, Unused: slices.Clone(h.census.Unused)}, nil
}

// reading is a guild's files while somebody reads them.
type reading struct {
	guild string
	parts [2]part
	files [2]*os.File
}

func (r *reading) close() error {
	var errs []error
	for _, f := range r.files {
		if f != nil {
			errs = append(errs, f.Close())
		}
	}
	return errors.Join(errs...)
}

// block reads lines of a file from one mark on, those that pass. most is how
// many; at is the mark that it ends before, -1 reads to the end of the file.
func (r *reading) block(i, from, to, most int, passes func(Entry) bool) (out []Entry, err error) {
	p := r.parts[i]
	end, last := p.size, uint64(0)
	if to >= 0 && to < len(p.marks) {
		end = p.marks[to].offset
	}
	err = records(r.files[i], p.marks[from].offset, func(text []byte, offset, _ int64, complete bool) bool {
		if offset >= end || !complete || len(out) >= most {
			return false
		}
		var l record
		if id, ok := recordID(text); !ok || id <= last || json.Unmarshal(text, &l) != nil {
			return true // A line that was written once more after a torn write has the same id.
		}
		last = l.ID
		e := Entry{ID: l.ID, Timestamp: l.Timestamp, Level: l.Level, Target: l.Target, GuildID: r.guild, Message: l.Message}
		if passes(e) {
			out = append(out, e)
		}
		return true
	})
	return out, err
}

// forward gives the first lines after an id that pass, at most so many.
func (r *reading) forward(after uint64, most int, passes func(Entry) bool) (out []Entry, err error) {
	for i, p := range r.parts {
		if len(p.marks) == 0 || len(out) >= most {
			continue
		}
		from, _ := slices.BinarySearchFunc(p.marks, after, func(m mark, id uint64) int {
			if m.id > id {
				return 1
			}
			return -1
		})
		some, err := r.block(i, max(0, from-1), -1, most-len(out), func(e Entry) bool { return e.ID > after && passes(e) })
		if err != nil {
			return out, err
		}
		out = append(out, some...)
	}
	return out, nil
}

// backward gives the latest lines that pass, at most so many, the oldest first.
func (r *reading) backward(most int, passes func(Entry) bool) (out []Entry, err error) {
	for i := len(r.parts) - 1; i >= 0; i-- {
		for m := len(r.parts[i].marks) - 1; m >= 0 && len(out) < most; m-- {
			some, err := r.block(i, m, m+1, 1<<30, passes)
			if err != nil {
				return out, err
			}
			out = append(some, out...)
		}
	}
	return out[max(0, len(out)-most):], nil
}
