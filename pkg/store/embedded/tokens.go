package embedded

import (
	"context"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/flora-runtime/flora-runtime/pkg/auth"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// tokenRecord is a token as it is stored; times are Unix microseconds, 0 for none.
type tokenRecord struct {
	ID         string              `json:"id"`
	UserID     string              `json:"user_id"`
	Username   string              `json:"username"`
	Label      string              `json:"label"`
	Hash       string              `json:"hash"`
	CreatedAt  int64               `json:"created_at"`
	LastUsedAt int64               `json:"last_used_at"`
	ExpiresAt  int64               `json:"expires_at"`
	Guilds     []snowflake.GuildID `json:"guilds"`
	ReadOnly   bool                `json:"read_only"`
}

func recordOf(t auth.Token) tokenRecord {
	return tokenRecord{
		ID: t.ID, UserID: t.UserID, Username: t.Username, Label: t.Label, Hash: hex.EncodeToString(t.Hash[:]),
		CreatedAt: stamp(t.CreatedAt), LastUsedAt: stamp(t.LastUsedAt), ExpiresAt: stamp(t.ExpiresAt), Guilds: t.Guilds, ReadOnly: t.ReadOnly,
	}
}

func (r tokenRecord) token() (auth.Token, error) {
	t := auth.Token{
		ID: r.ID, UserID: r.UserID, Username: r.Username, Label: r.Label,
		CreatedAt: moment(r.CreatedAt), LastUsedAt: moment(r.LastUsedAt), ExpiresAt: moment(r.ExpiresAt), Guilds: r.Guilds, ReadOnly: r.ReadOnly,
	}
	hash, err := hex.DecodeString(r.Hash)
	if err != nil || len(hash) != len(t.Hash) {
		return auth.Token{}, damaged(errors.New("a token's hash is no SHA-256"))
	}
	copy(t.Hash[:], hash)
	return t, nil
}

// token gives nil when there is none.
func (s *Store) token(id string) (*auth.Token, error) {
	var r tokenRecord
	found, err := s.get(s.pebble, tokenKey(id), &r)
	if err != nil || !found {
		return nil, err
	}
	t, err := r.token()
	if err != nil {
		return nil, err
	}
	return &t, nil
}

// PutToken implements auth.TokenStore.
func (s *Store) PutToken(ctx context.Context, t auth.Token) error {
	if t.ID == "" || t.UserID == "" || strings.ContainsRune(t.UserID, 0) {
		return errors.New("a token needs an id and an owner")
	}
	return s.write(ctx, pebble.Sync, func(b *batch) error {
		have, err := s.token(t.ID)
		if err != nil {
			return err
		}
		if have != nil {
			return fault.New(fault.Conflict, "token %s already exists", t.ID)
		}
		b.setJSON(tokenKey(t.ID), recordOf(t))
		b.set(ownerKey(t.UserID, t.ID), nil)
		return nil
	})
}

// Token implements auth.TokenStore.
func (s *Store) Token(ctx context.Context, id string) (auth.Token, error) {
	if err := s.enter(ctx); err != nil {
		return auth.Token{}, err
	}
	defer s.leave()
	t, err := s.token(id)
	if err != nil {
		return auth.Token{}, err
	}
	if t == nil {
		return auth.Token{}, fault.New(fault.NotFound, "token not found")
	}
	return *t, nil
}

// Tokens implements auth.TokenStore.
func (s *Store) Tokens(ctx context.Context, userID string) ([]auth.Token, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.leave()
	out := []auth.Token{}
	prefix := ownerKey(userID, "")
	err := s.scan(prefix, after(prefix), false, func(k, _ []byte) (bool, error) {
		t, err := s.token(string(k[len(prefix):]))
		if err != nil {
			return false, err
		}
		if t != nil { // One deleted meanwhile is not there.
			out = append(out, *t)
		}
		return true, ctx.Err()
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(out, func(a, b auth.Token) int {
		if c := b.CreatedAt.Compare(a.CreatedAt); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	return out, nil
}

// DeleteToken implements auth.TokenStore.
func (s *Store) DeleteToken(ctx context.Context, userID, id string) error {
	return s.write(ctx, pebble.Sync, func(b *batch) error {
		t, err := s.token(id)
		if err != nil {
			return err
		}
		if t == nil || t.UserID != userID {
			return fault.New(fault.NotFound, "token not found")
		}
		b.delete(tokenKey(id))
		b.delete(ownerKey(userID, id))
		return nil
	})
}

// TouchToken implements auth.TokenStore. It does not wait for the disk: a use
// that is forgotten does no harm.
func (s *Store) TouchToken(ctx context.Context, id string, at time.Time) error {
	return s.write(ctx, pebble.NoSync, func(b *batch) error {
		t, err := s.token(id)
		if err != nil || t == nil || !at.After(t.LastUsedAt) {
			return err
		}
		t.LastUsedAt = at
		b.setJSON(tokenKey(id), recordOf(*t))
		return nil
	})
}
