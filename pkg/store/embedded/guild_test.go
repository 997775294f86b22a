package embedded_test

import (
	"testing"

	"github.com/flora-runtime/flora-runtime/pkg/secret"
	"github.com/flora-runtime/flora-runtime/pkg/secret/secrettest"
	"github.com/flora-runtime/flora-runtime/pkg/settings"
	"github.com/flora-runtime/flora-runtime/pkg/settings/settingstest"
	"github.com/flora-runtime/flora-runtime/pkg/store/embedded"
)

func TestSecretStore(t *testing.T) {
	t.Parallel()
	secrettest.Run(t, func(t *testing.T) (secret.Store, func() secret.Store) {
		s, reopen := open(t, embedded.Config{})
		return s, func() secret.Store { return reopen() }
	})
}

func TestSettingsStore(t *testing.T) {
	t.Parallel()
	settingstest.Run(t, func(t *testing.T) (settings.Store, func() settings.Store) {
		s, reopen := open(t, embedded.Config{})
		return s, func() settings.Store { return reopen() }
	})
}
