package embedded

import (
	"context"
	"encoding/binary"

	"github.com/cockroachdb/pebble/v2"

	"github.com/flora-runtime/flora-runtime/pkg/kv"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// kvStoreRecord is a store as it is stored; the time is Unix microseconds.
type kvStoreRecord struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	CreatedAt int64  `json:"created_at"`
}

// PutKVStores implements kv.Index. It does not wait for the disk: what is
// forgotten is written again at the next start.
func (s *Store) PutKVStores(ctx context.Context, guild snowflake.GuildID, stores []kv.Registered) error {
	return s.write(ctx, pebble.NoSync, func(b *batch) error {
		key := guildKey(tagKVStores, guild)
		if len(stores) == 0 {
			b.delete(key)
			return nil
		}
		records := make([]kvStoreRecord, len(stores))
		for i, r := range stores {
			records[i] = kvStoreRecord{ID: r.ID, Name: r.Name, CreatedAt: stamp(r.CreatedAt)}
		}
		b.setJSON(key, records)
		return nil
	})
}

// KVStores implements kv.Index.
func (s *Store) KVStores(ctx context.Context, guild snowflake.GuildID) ([]kv.Registered, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.leave()
	var records []kvStoreRecord
	if _, err := s.get(s.pebble, guildKey(tagKVStores, guild), &records); err != nil {
		return nil, err
	}
	out := make([]kv.Registered, len(records))
	for i, r := range records {
		out[i] = kv.Registered{ID: r.ID, Name: r.Name, CreatedAt: moment(r.CreatedAt)}
	}
	return out, nil
}

// KVGuilds implements kv.Index.
func (s *Store) KVGuilds(ctx context.Context) ([]snowflake.GuildID, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.leave()
	out := []snowflake.GuildID{}
	err := s.scan([]byte{tagKVStores}, []byte{tagKVStores + 1}, false, func(k, _ []byte) (bool, error) {
		out = append(out, snowflake.GuildID(binary.BigEndian.Uint64(k[1:])))
		return true, ctx.Err()
	})
	return out, err
}
