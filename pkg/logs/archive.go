package logs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

const (
	// leastHistory is what a guild may keep on disk at least: each of its two
	// files must hold the longest line.
	leastHistory = 2 * (maxRecord + 4<<10)
	// idsAhead is how many ids are reserved at a time, for every guild.
	idsAhead = 1_000_000_000
	idsFile  = "ids"
)

// archive is all guilds' lines on disk. Files are open only while they are
// read or written, so many guilds are not many open files.
type archive struct {
	dir   string
	most  int64  // Bytes of a guild.
	total int64  // Bytes of all.
	start uint64 // The ids of this process are above it, all earlier ones are not.

	mu      sync.Mutex // Guards the members below; not held together with a history's.
	guilds  map[snowflake.GuildID]*history
	size    int64
	ceiling uint64 // No id above it is in use.
}

// openArchive reads which files there are, and reserves ids. now is the least
// of them: whoever lost the folder does not get old ids again.
func openArchive(dir string, most, total int64, now uint64) (*archive, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of log lines: %w", err)
	}
	a := &archive{dir: dir, most: max(most, leastHistory), total: max(total, leastHistory), guilds: map[snowflake.GuildID]*history{}}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("read the folder of log lines: %w", err)
	}
	for _, e := range entries {
		guild, _, ok := guildOf(e.Name())
		if !ok {
			continue
		}
		info, err := e.Info()
		if err != nil {
			return nil, fmt.Errorf("read the folder of log lines: %w", err)
		}
		a.guild(guild).size.Add(info.Size())
		a.size += info.Size()
	}
	reserved, err := a.reserved()
	if err != nil {
		return nil, err
	}
	a.start = max(now, reserved)
	return a, a.reserve(a.start + idsAhead)
}

// reserved is the highest id that earlier processes may have used.
func (a *archive) reserved() (uint64, error) {
	name := filepath.Join(a.dir, idsFile)
	text, err := os.ReadFile(name) //nolint:gosec // In the runtime's own folder.
	if errors.Is(err, fs.ErrNotExist) {
		return a.highest()
	}
	if err != nil {
		return 0, fmt.Errorf("read which ids of log lines are in use: %w", err)
	}
	id, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%s is damaged; remove it, and the ids of log lines go on after the highest that is found", name)
	}
	return id, nil
}

// highest is the highest id in the files.
func (a *archive) highest() (id uint64, err error) {
	for _, h := range a.guilds {
		for i := range h.parts {
			if _, _, err := h.scan(i, func(found uint64) { id = max(id, found) }, func(census) {}); err != nil {
				return 0, err
			}
		}
	}
	return id, nil
}

// reserve notes, for good, that ids up to the ceiling may be in use.
func (a *archive) reserve(ceiling uint64) error {
	tmp := filepath.Join(a.dir, idsFile+".new")
	f, err := os.OpenFile(tmp, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600) //nolint:gosec // In the runtime's own folder.
	if err == nil {
		_, err = fmt.Fprintln(f, ceiling)
		err = errors.Join(err, f.Sync(), f.Close())
	}
	if err == nil {
		err = os.Rename(tmp, filepath.Join(a.dir, idsFile))
	}
	if err == nil {
		err = syncDir(a.dir)
	}
	if err != nil {
		return fmt.Errorf("reserve ids of log lines: %w", err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ceiling = ceiling
	return nil
}

// ahead makes sure that ids after last are reserved.
func (a *archive) ahead(last uint64) error {
	a.mu.Lock()
	enough := last+idsAhead/2 < a.ceiling
	a.mu.Unlock()
	if enough {
		return nil
	}
	return a.reserve(last + idsAhead)
}

// guild gives the guild's history. It takes mu only.
func (a *archive) guild(id snowflake.GuildID) *history {
	a.mu.Lock()
	defer a.mu.Unlock()
	h, ok := a.guilds[id]
	if !ok {
		h = &history{dir: a.dir, name: id.String()}
		a.guilds[id] = h
	}
	return h
}

// write appends lines of a guild, and notes the gaps in their ids; n is how many are in its files, whatever
// failed after that.
func (a *archive) write(guild snowflake.GuildID, lines []Entry, gaps [][2]uint64, sync bool) (n int, err error) {
	if err := a.ahead(lines[len(lines)-1].ID); err != nil {
		return 0, err
	}
	n, grown, err := a.guild(guild).write(lines, gaps, a.start, a.most, sync)
	a.mu.Lock()
	a.size += grown
	a.mu.Unlock()
	return n, errors.Join(err, a.bound())
}

// sync makes the guild's lines outlive the machine's power.
func (a *archive) sync(guild snowflake.GuildID) error {
	h := a.guild(guild)
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.sync()
}

// bound gives up the older lines of the guilds that have the most, while all
// have too much.
func (a *archive) bound() error {
	for {
		largest := a.largest()
		if largest == nil || largest.size.Load() == 0 {
			return nil
		}
		freed, err := largest.shrink(a.start)
		a.mu.Lock()
		a.size -= freed
		a.mu.Unlock()
		if err != nil {
			return err
		}
	}
}

// largest is who has the most, if all together have too much.
func (a *archive) largest() (largest *history) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.size <= a.total {
		return nil
	}
	for _, h := range a.guilds {
		if largest == nil || h.size.Load() > largest.size.Load() {
			largest = h
		}
	}
	return largest
}

// read gives lines of a guild; see reading.
func (a *archive) read(guild snowflake.GuildID, get func(*reading) ([]Entry, error)) ([]Entry, error) {
	r, err := a.guild(guild).open(a.start)
	if err != nil {
		return nil, err
	}
	entries, err := get(r)
	return entries, errors.Join(err, r.close())
}

// census tells which ids are those of the guild's lines.
func (a *archive) census(guild snowflake.GuildID) (census, error) {
	return a.guild(guild).taken(a.start)
}
