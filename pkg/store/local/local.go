// Package local keeps a copy of what each guild runs in files on this machine,
// so that a runtime that starts while its database is away serves what it last
// ran. The database decides: a copy is used only when it is the database's
// current revision, or when the database cannot be asked.
package local

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/renameio/v2"
	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/deploy"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

const (
	// awayFor is how long the database is not asked again once it did not answer:
	// it may take seconds to find out for each guild.
	awayFor = 5 * time.Second
	// The pauses between looks whether the database is back.
	firstLook, lastLook = time.Second, 15 * time.Second
)

// Store is a deploy.Store that copies what is written through it.
type Store struct {
	deploy.Store // The database.

	dir   string
	log   *zap.Logger
	doubt chan struct{} // Holds one value when what runs may not be what the database has.

	away atomic.Int64 // Until when, in Unix nanoseconds, the database is not asked.
	said atomic.Bool  // The log knows that copies are used.
	mu   sync.Mutex   // One writer of copies at a time.
}

// Open keeps copies of what the database has in the folder.
func Open(dir string, database deploy.Store, log *zap.Logger) (*Store, error) {
	if log == nil {
		log = zap.NewNop()
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of the deployments' copies: %w", err)
	}
	return &Store{Store: database, dir: dir, log: log, doubt: make(chan struct{}, 1)}, nil
}

// Empty reports whether there is no copy of anything.
func (s *Store) Empty() (bool, error) {
	guilds, err := s.guilds()
	return len(guilds) == 0, err
}

// PutRevision implements deploy.Store. A copy that cannot be written is no
// failure: the next start asks the database for it.
func (s *Store) PutRevision(ctx context.Context, r deploy.Revision) error {
	err := s.Store.PutRevision(ctx, r)
	switch {
	case fault.Is(err, fault.Unavailable):
		s.ask() // It may have been written all the same.
	case err == nil && r.Status == deploy.Success:
		s.keep(r)
	}
	return err
}

// Delete implements deploy.Store.
func (s *Store) Delete(ctx context.Context, guild snowflake.GuildID) error {
	err := s.Store.Delete(ctx, guild)
	switch {
	case fault.Is(err, fault.Unavailable):
		s.ask() // It may have been deleted all the same.
	case err == nil:
		s.forget(guild)
	}
	return err
}

// Saved is what the guilds are to run, for those who load it: from the copies
// while the database is away. It never answers fault.Unavailable for a guild
// that has a copy.
type Saved struct{ store *Store }

// Saved gives what the guilds are to run.
func (s *Store) Saved() Saved { return Saved{s} }

// List gives every guild's deployment, ordered by guild.
func (v Saved) List(ctx context.Context) ([]deploy.Deployment, error) {
	all, err := v.store.list(ctx)
	if fault.Is(err, fault.Unavailable) {
		v.store.missed(err)
		return v.store.copies()
	}
	return all, err
}

// list is List, and removes the copies of what the database does not have.
func (s *Store) list(ctx context.Context) ([]deploy.Deployment, error) {
	before, err := s.guilds() // Those that come meanwhile are new.
	if err != nil {
		return nil, err
	}
	all, err := s.List(ctx)
	if err != nil {
		return nil, err
	}
	for _, guild := range before {
		if _, found := slices.BinarySearchFunc(all, guild, func(d deploy.Deployment, g snowflake.GuildID) int { return cmp.Compare(d.Guild, g) }); !found {
			s.forget(guild)
		}
	}
	return all, nil
}

// Current gives the revision that the guild is to run, its sources left out.
func (v Saved) Current(ctx context.Context, guild snowflake.GuildID) (deploy.Revision, error) {
	s := v.store
	kept, kerr := s.read(guild)
	if kerr != nil && !errors.Is(kerr, fs.ErrNotExist) {
		s.log.Warn("a copy of a deployment is of no use", zap.Stringer("guild_id", guild), zap.Error(kerr))
	}
	if kerr == nil && time.Now().UnixNano() < s.away.Load() {
		s.ask()
		return kept, nil
	}
	d, err := s.Deployment(ctx, guild)
	switch {
	case err == nil && kerr == nil && kept.ID == d.RevisionID:
		return kept, nil
	case err == nil:
		rev, err := s.Current(ctx, guild)
		if err == nil {
			s.keep(rev)
		}
		return rev, err
	case fault.Is(err, fault.Unavailable) && kerr == nil:
		s.missed(err)
		return kept, nil
	case fault.Is(err, fault.NotFound):
		s.forget(guild)
	}
	return deploy.Revision{}, err
}

// missed notes that the database did not answer.
func (s *Store) missed(err error) {
	s.away.Store(time.Now().Add(awayFor).UnixNano())
	if s.said.CompareAndSwap(false, true) {
		s.log.Error("the database is away: scripts are loaded from this machine's copies of what they last ran; deployments made elsewhere show when it is back", zap.Error(err))
	}
	s.ask()
}

func (s *Store) ask() {
	select {
	case s.doubt <- struct{}{}:
	default:
	}
}

// Run compares what runs with the database each time that they may differ, as
// soon as it answers: reconcile gets what the database has, and is called again
// later when it fails. It returns when ctx ends.
func (s *Store) Run(ctx context.Context, reconcile func(ctx context.Context, all []deploy.Deployment) error) error {
	for {
		select {
		case <-s.doubt:
		case <-ctx.Done():
			return nil
		}
		for pause := firstLook; ; pause = min(2*pause, lastLook) {
			all, err := s.list(ctx)
			if err == nil {
				s.away.Store(0)
				err = reconcile(ctx, all)
			}
			if err == nil {
				break
			}
			if !clock.Sleep(ctx, clock.Real, pause) {
				return nil
			}
		}
		if s.said.CompareAndSwap(true, false) {
			s.log.Info("the database is back: what runs is what it has")
		}
	}
}

// A copy is a line with the format and the hash of what follows, which is the
// revision in JSON.
const format = "flora-deployment-1 "

func (s *Store) path(guild snowflake.GuildID) string { return filepath.Join(s.dir, guild.String()) }

// keep writes the revision as the guild's copy. Sources are left out: they are
// not needed to run it.
func (s *Store) keep(r deploy.Revision) {
	r.Files = nil
	doc, err := json.Marshal(r)
	if err == nil {
		sum := sha256.Sum256(doc)
		text := append([]byte(format+hex.EncodeToString(sum[:])+"\n"), doc...)
		s.mu.Lock()
		err = renameio.WriteFile(s.path(r.Guild), text, 0o600)
		s.mu.Unlock()
	}
	if err != nil {
		s.log.Warn("no copy of a deployment could be written; if the database is away at the next start, an older revision runs", zap.Stringer("guild_id", r.Guild), zap.Error(err))
	}
}

func (s *Store) forget(guild snowflake.GuildID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := os.Remove(s.path(guild)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.log.Warn("a copy of a deployment that is gone could not be removed", zap.Stringer("guild_id", guild), zap.Error(err))
	}
}

func (s *Store) read(guild snowflake.GuildID) (deploy.Revision, error) {
	text, err := os.ReadFile(s.path(guild))
	if err != nil {
		return deploy.Revision{}, err
	}
	r, err := parse(text)
	if err == nil && r.Guild != guild {
		err = errors.New("it is another guild's")
	}
	return r, err
}

func parse(text []byte) (r deploy.Revision, err error) {
	head, doc, _ := bytes.Cut(text, []byte("\n"))
	sum := sha256.Sum256(doc)
	if want, ok := strings.CutPrefix(string(head), format); !ok || want != hex.EncodeToString(sum[:]) {
		return r, errors.New("it is damaged, or of another version")
	}
	if err := json.Unmarshal(doc, &r); err != nil {
		return r, fmt.Errorf("read it: %w", err)
	}
	return r, r.Validate()
}

// guilds are those with a copy, in order.
func (s *Store) guilds() ([]snowflake.GuildID, error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, fmt.Errorf("look at the deployments' copies: %w", err)
	}
	var out []snowflake.GuildID
	for _, e := range entries {
		// Others are what a write left that did not end.
		if guild, err := snowflake.ParseGuild(e.Name()); err == nil {
			out = append(out, guild)
		}
	}
	slices.Sort(out)
	return out, nil
}

// copies are the deployments that there are copies of.
func (s *Store) copies() ([]deploy.Deployment, error) {
	guilds, err := s.guilds()
	if err != nil {
		return nil, err
	}
	out := make([]deploy.Deployment, 0, len(guilds))
	for _, guild := range guilds {
		r, err := s.read(guild)
		if err != nil {
			s.log.Warn("a copy of a deployment is of no use", zap.Stringer("guild_id", guild), zap.Error(err))
			continue
		}
		out = append(out, deploy.Deployment{Guild: guild, Entry: r.Entry, CreatedAt: r.DeployedAt, UpdatedAt: r.DeployedAt, RevisionID: r.ID})
	}
	return out, nil
}
