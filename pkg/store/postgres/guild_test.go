package postgres_test

import (
	"testing"

	"github.com/flora-runtime/flora-runtime/db/dbtest"
	"github.com/flora-runtime/flora-runtime/pkg/secret"
	"github.com/flora-runtime/flora-runtime/pkg/secret/secrettest"
	"github.com/flora-runtime/flora-runtime/pkg/settings"
	"github.com/flora-runtime/flora-runtime/pkg/settings/settingstest"
	"github.com/flora-runtime/flora-runtime/pkg/store/postgres"
)

// restartable opens a store on an empty database, and gives a way to restart it.
func restartable(t *testing.T) (*postgres.Store, func() *postgres.Store) {
	t.Helper()
	cfg := postgres.Config{URL: dbtest.Postgres(t), MaxConnections: 4}
	s := open(t, cfg)
	return s, func() *postgres.Store {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		return open(t, cfg)
	}
}

func TestSecrets(t *testing.T) {
	t.Parallel()
	secrettest.Run(t, func(t *testing.T) (secret.Store, func() secret.Store) {
		s, reopen := restartable(t)
		return s, func() secret.Store { return reopen() }
	})
}

func TestSettings(t *testing.T) {
	t.Parallel()
	settingstest.Run(t, func(t *testing.T) (settings.Store, func() settings.Store) {
		s, reopen := restartable(t)
		return s, func() settings.Store { return reopen() }
	})
}
