package secret

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/mirror"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// Config of a Service.
type Config struct {
	Store Store
	Keys  *Keyring
	// Changed, if not nil, is told when what a guild's scripts may send changed.
	Changed func(guild snowflake.GuildID)
	// Wrote, if not nil, is told when something of a guild may have been written
	// here. It must not wait.
	Wrote func(guild snowflake.GuildID)
	// Copies is a folder for copies of what is in a store elsewhere, sealed as it
	// is there; "" has none.
	Copies string
	Clock  clock.Clock // nil is the real time.
	Log    *zap.Logger // nil logs nothing.
}

// Service is the secrets of all guilds.
type Service struct {
	cfg   Config
	known *mirror.Mirror[known]

	mu   sync.Mutex // Guards told.
	told map[string]struct{}
}

// New makes a service; Run must run beside it.
func New(cfg Config) *Service {
	if cfg.Clock == nil {
		cfg.Clock = clock.Real
	}
	if cfg.Log == nil {
		cfg.Log = zap.NewNop()
	}
	s := &Service{cfg: cfg, told: map[string]struct{}{}}
	s.known = mirror.New(mirror.Config[known]{Read: s.read, Prepare: s.open, Changed: cfg.Changed, Wrote: cfg.Wrote, Copies: cfg.Copies, Clock: cfg.Clock, Log: cfg.Log})
	return s
}

// Current is what the guild's scripts may send, as far as it was loaded. It
// does not wait.
func (s *Service) Current(guild snowflake.GuildID) *Set { return s.known.Get(guild).set }

// known is what a guild has: as it is stored, which a copy may hold, and opened.
type known struct {
	Records []Record
	set     *Set
}

// Doubt has what is known of guilds read again: another process may have changed it.
func (s *Service) Doubt(of func(guild snowflake.GuildID) bool) { s.known.Doubt(of) }

// Unlearn says that what is known of guilds is of another time.
func (s *Service) Unlearn(of func(guild snowflake.GuildID) bool) { s.known.Unlearn(of) }

// Load reads what the guild's scripts may send.
func (s *Service) Load(ctx context.Context, guild snowflake.GuildID) error {
	return s.known.Load(ctx, guild)
}

func (s *Service) read(ctx context.Context, guild snowflake.GuildID) (known, error) {
	records, err := s.cfg.Store.Secrets(ctx, guild)
	return known{Records: records}, err
}

// open opens the guild's records. One that does not open is left out.
func (s *Service) open(k known) known {
	var entries []*entry
	for _, r := range k.Records {
		v, err := s.cfg.Keys.open(r)
		if err != nil {
			s.complain(r, err)
			continue
		}
		entries = append(entries, &entry{record: r, value: v})
	}
	if len(entries) > 0 {
		k.set = newSet(entries)
	}
	return k
}

// complain logs a secret that does not open, once.
func (s *Service) complain(r Record, err error) {
	s.mu.Lock()
	_, again := s.told[r.ID+r.KeyID]
	s.told[r.ID+r.KeyID] = struct{}{}
	s.mu.Unlock()
	if !again {
		s.cfg.Log.Error("a secret cannot be opened and scripts do not get it; put its key into secrets.previous_keys, or set the secret anew",
			zap.Stringer("guild_id", r.Guild), zap.String("secret", r.Name), zap.String("key_id", r.KeyID), zap.Error(err))
	}
}

// Listed is a secret in a list.
type Listed struct {
	Secret
	// Broken says that no key opens it, so that scripts do not get it.
	Broken bool
}

// List gives the guild's secrets by name.
func (s *Service) List(ctx context.Context, guild snowflake.GuildID) ([]Listed, error) {
	records, err := s.cfg.Store.Secrets(ctx, guild)
	if err != nil {
		return nil, err
	}
	out := make([]Listed, len(records))
	for i, r := range records {
		_, err := s.cfg.Keys.open(r)
		if err != nil {
			s.complain(r, err)
		}
		out[i] = Listed{Secret: r.Secret, Broken: err != nil}
	}
	return out, nil
}

// Input is what somebody sets.
type Input struct {
	Value        string
	AllowedHosts []string
	AllowHTTP    bool
}

// String leaves the value out.
func (i Input) String() string {
	return fmt.Sprintf("secret for %s", strings.Join(i.AllowedHosts, ", "))
}

// GoString leaves the value out.
func (i Input) GoString() string { return i.String() }

// MarshalJSON leaves the value out.
func (i Input) MarshalJSON() ([]byte, error) { return json.Marshal(i.String()) }

// attempts is how often a write is tried that meets another's.
const attempts = 5

// Put makes or replaces a secret.
func (s *Service) Put(ctx context.Context, guild snowflake.GuildID, name string, in Input) (Secret, error) {
	if err := CheckName(name); err != nil {
		return Secret{}, err
	}
	if err := checkValue(in.Value); err != nil {
		return Secret{}, err
	}
	hosts, err := Hosts(in.AllowedHosts)
	if err != nil {
		return Secret{}, err
	}
	var out Secret
	err = s.known.Write(ctx, guild, func(ctx context.Context) (err error) {
		for range attempts {
			out, err = s.put(ctx, Secret{Guild: guild, Name: name, AllowedHosts: hosts, AllowHTTP: in.AllowHTTP}, newValue(in.Value))
			if !fault.Is(err, fault.Conflict) {
				break
			}
		}
		return err
	})
	return out, err
}

func (s *Service) put(ctx context.Context, want Secret, v value) (Secret, error) {
	have, err := s.cfg.Store.Secrets(ctx, want.Guild)
	if err != nil {
		return Secret{}, err
	}
	now := s.cfg.Clock.Now().UTC().Truncate(time.Microsecond)
	r := Record{Secret: want}
	r.CreatedAt, r.UpdatedAt = now, now
	if i, ok := slices.BinarySearchFunc(have, want.Name, func(r Record, name string) int { return strings.Compare(r.Name, name) }); ok {
		r.ID, r.Tag, r.CreatedAt = have[i].ID, have[i].Tag, have[i].CreatedAt
	} else {
		id, err := uuid.NewRandom()
		if err != nil {
			return Secret{}, fmt.Errorf("make an id: %w", err)
		}
		r.ID, r.Tag = id.String(), s.cfg.Keys.tag(id)
	}
	if err := s.cfg.Keys.seal(&r, v); err != nil {
		return Secret{}, err
	}
	return r.Secret, s.cfg.Store.PutSecret(ctx, r, MaxSecrets)
}

// Delete removes a secret and reports whether there was one.
func (s *Service) Delete(ctx context.Context, guild snowflake.GuildID, name string) (deleted bool, err error) {
	if err := CheckName(name); err != nil {
		return false, err
	}
	err = s.known.Write(ctx, guild, func(ctx context.Context) (err error) {
		deleted, err = s.cfg.Store.DeleteSecret(ctx, guild, name)
		return err
	})
	return deleted, err
}

// resealAgain is the pause before the sealing that failed goes on.
const resealAgain = 10 * time.Second

// Run seals with the master key what a previous one sealed, and reads again
// what could not be read, until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() { s.resealAll(ctx) })
	return s.known.Run(ctx)
}

func (s *Service) resealAll(ctx context.Context) {
	for ctx.Err() == nil {
		sealed, broken, err := s.Reseal(ctx)
		if err == nil {
			switch {
			case broken > 0:
				s.cfg.Log.Warn("some secrets are opened by no key; put the key that they were sealed with into secrets.previous_keys, or set them anew",
					zap.Int("sealed_anew", sealed), zap.Int("not_opened", broken))
			case sealed > 0 || s.cfg.Keys.previous():
				// An earlier process may have ended before it could say so.
				s.cfg.Log.Info("all secrets are sealed with secrets.master_key; of secrets.previous_keys none is needed any more", zap.Int("sealed_anew", sealed))
			}
			return
		}
		if ctx.Err() != nil {
			return
		}
		s.cfg.Log.Warn("secrets could not all be looked through; this is tried again, and keys in secrets.previous_keys must stay until it is done", zap.Error(err))
		clock.Sleep(ctx, s.cfg.Clock, resealAgain)
	}
}

// Reseal seals with the master key whatever another one sealed, and tells how
// many those were and how many no key opens.
func (s *Service) Reseal(ctx context.Context) (sealed, broken int, err error) {
	const page = 100
	for after := ""; ; {
		records, err := s.cfg.Store.StaleSecrets(ctx, s.cfg.Keys.id(), after, page)
		if err != nil {
			return sealed, broken, err
		}
		for _, r := range records {
			after = r.ID
			v, err := s.cfg.Keys.open(r)
			if err != nil {
				s.complain(r, err)
				broken++
				continue
			}
			was := r.Sealed
			if err := s.cfg.Keys.seal(&r, v); err != nil {
				return sealed, broken, err
			}
			if err := s.cfg.Store.ResealSecret(ctx, r.ID, was, r.KeyID, r.Sealed); err != nil {
				return sealed, broken, err
			}
			sealed++
		}
		if len(records) < page {
			return sealed, broken, nil
		}
	}
}
