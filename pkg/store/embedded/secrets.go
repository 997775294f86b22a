package embedded

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/cockroachdb/pebble/v2"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/secret"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// secretRecord is a secret as it is stored; times are Unix microseconds.
type secretRecord struct {
	ID        string            `json:"id"`
	Guild     snowflake.GuildID `json:"guild"`
	Name      string            `json:"name"`
	Tag       string            `json:"tag"`
	Hosts     []string          `json:"hosts"`
	AllowHTTP bool              `json:"allow_http"`
	KeyID     string            `json:"key_id"`
	Sealed    []byte            `json:"sealed"`
	CreatedAt int64             `json:"created_at"`
	UpdatedAt int64             `json:"updated_at"`
}

func (r secretRecord) record() secret.Record {
	return secret.Record{
		Secret: secret.Secret{
			ID: r.ID, Guild: r.Guild, Name: r.Name, AllowedHosts: r.Hosts, AllowHTTP: r.AllowHTTP,
			CreatedAt: moment(r.CreatedAt), UpdatedAt: moment(r.UpdatedAt),
		},
		Tag: r.Tag, KeyID: r.KeyID, Sealed: r.Sealed,
	}
}

func secretOf(r secret.Record) secretRecord {
	return secretRecord{
		ID: r.ID, Guild: r.Guild, Name: r.Name, Tag: r.Tag, Hosts: r.AllowedHosts, AllowHTTP: r.AllowHTTP,
		KeyID: r.KeyID, Sealed: r.Sealed, CreatedAt: stamp(r.CreatedAt), UpdatedAt: stamp(r.UpdatedAt),
	}
}

// Secrets implements secret.Store.
func (s *Store) Secrets(ctx context.Context, guild snowflake.GuildID) ([]secret.Record, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.leave()
	all, err := records[secretRecord](ctx, s, guildKey(tagSecret, guild))
	if err != nil {
		return nil, err
	}
	out := make([]secret.Record, len(all))
	for i, r := range all {
		out[i] = r.record()
	}
	return out, nil
}

// PutSecret implements secret.Store.
func (s *Store) PutSecret(ctx context.Context, r secret.Record, most int) error {
	return s.write(ctx, pebble.Sync, func(b *batch) error {
		all, err := records[secretRecord](ctx, s, guildKey(tagSecret, r.Guild))
		if err != nil {
			return err
		}
		i := slices.IndexFunc(all, func(have secretRecord) bool { return have.Name == r.Name })
		switch {
		case i < 0 && len(all) >= most:
			return secret.TooMany(most)
		case i >= 0 && all[i].ID != r.ID:
			return fault.New(fault.Conflict, "secret %s was changed by somebody else at the same time; try again", r.Name)
		}
		b.setJSON(nameKey(tagSecret, r.Guild, r.Name), secretOf(r))
		return nil
	})
}

// DeleteSecret implements secret.Store.
func (s *Store) DeleteSecret(ctx context.Context, guild snowflake.GuildID, name string) (bool, error) {
	return s.remove(ctx, nameKey(tagSecret, guild, name))
}

// remove deletes a record and reports whether there was one.
func (s *Store) remove(ctx context.Context, key []byte) (deleted bool, err error) {
	err = s.write(ctx, pebble.Sync, func(b *batch) error {
		var r json.RawMessage
		var err error
		if deleted, err = s.get(s.pebble, key, &r); err == nil && deleted {
			b.delete(key)
		}
		return err
	})
	return deleted && err == nil, err
}

// StaleSecrets implements secret.Store. It reads them all: that is done once at
// each start.
func (s *Store) StaleSecrets(ctx context.Context, keyID, after string, limit int) ([]secret.Record, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.leave()
	all, err := records[secretRecord](ctx, s, []byte{tagSecret})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(a, b secretRecord) int { return strings.Compare(a.ID, b.ID) })
	var out []secret.Record
	for _, r := range all {
		if r.KeyID != keyID && r.ID > after && len(out) < limit {
			out = append(out, r.record())
		}
	}
	return out, nil
}

// ResealSecret implements secret.Store.
func (s *Store) ResealSecret(ctx context.Context, id string, was []byte, keyID string, sealed []byte) error {
	return s.write(ctx, pebble.Sync, func(b *batch) error {
		all, err := records[secretRecord](ctx, s, []byte{tagSecret})
		if err != nil {
			return err
		}
		i := slices.IndexFunc(all, func(r secretRecord) bool { return r.ID == id && bytes.Equal(r.Sealed, was) })
		if i < 0 {
			return nil
		}
		r := all[i]
		r.KeyID, r.Sealed = keyID, sealed
		b.setJSON(nameKey(tagSecret, r.Guild, r.Name), r)
		return nil
	})
}
