package embedded

import (
	"context"

	"github.com/cockroachdb/pebble/v2"

	"github.com/flora-runtime/flora-runtime/pkg/settings"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// Settings implements settings.Store.
func (s *Store) Settings(ctx context.Context, guild snowflake.GuildID) (out settings.Settings, err error) {
	if err := s.enter(ctx); err != nil {
		return out, err
	}
	defer s.leave()
	_, err = s.get(s.pebble, guildKey(tagSettings, guild), &out)
	return out, err
}

// PutSettings implements settings.Store.
func (s *Store) PutSettings(ctx context.Context, guild snowflake.GuildID, set settings.Settings) error {
	return s.write(ctx, pebble.Sync, func(b *batch) error {
		b.setJSON(guildKey(tagSettings, guild), set)
		return nil
	})
}

// variableRecord is a variable as it is stored.
type variableRecord struct {
	Name      string `json:"name"`
	Value     string `json:"value"`
	UpdatedAt int64  `json:"updated_at"` // Unix microseconds.
}

func (s *Store) variables(ctx context.Context, guild snowflake.GuildID) ([]settings.Variable, error) {
	all, err := records[variableRecord](ctx, s, guildKey(tagVariable, guild))
	out := make([]settings.Variable, len(all))
	for i, r := range all {
		out[i] = settings.Variable{Name: r.Name, Value: r.Value, UpdatedAt: moment(r.UpdatedAt)}
	}
	return out, err
}

// Variables implements settings.Store.
func (s *Store) Variables(ctx context.Context, guild snowflake.GuildID) ([]settings.Variable, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.leave()
	return s.variables(ctx, guild)
}

// PutVariable implements settings.Store.
func (s *Store) PutVariable(ctx context.Context, guild snowflake.GuildID, v settings.Variable, most int) error {
	return s.write(ctx, pebble.Sync, func(b *batch) error {
		all, err := s.variables(ctx, guild)
		if err != nil {
			return err
		}
		have := 0
		for _, one := range all {
			if one.Name != v.Name {
				have++
			}
		}
		if have >= most {
			return settings.TooMany(most)
		}
		b.setJSON(nameKey(tagVariable, guild, v.Name), variableRecord{Name: v.Name, Value: v.Value, UpdatedAt: stamp(v.UpdatedAt)})
		return nil
	})
}

// DeleteVariable implements settings.Store.
func (s *Store) DeleteVariable(ctx context.Context, guild snowflake.GuildID, name string) (bool, error) {
	return s.remove(ctx, nameKey(tagVariable, guild, name))
}
