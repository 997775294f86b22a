package secret_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/secret"
	"github.com/flora-runtime/flora-runtime/pkg/secret/secrettest"
)

// mortal is a store of a process that is killed after so many values were sealed
// anew.
type mortal struct {
	secret.Store
	left int
}

var errKilled = errors.New("killed")

func (m *mortal) ResealSecret(ctx context.Context, id string, was []byte, key string, sealed []byte) error {
	if m.left--; m.left < 0 {
		return errKilled
	}
	return m.Store.ResealSecret(ctx, id, was, key, sealed)
}

// TestTheChangeOfKeysIsCutOff kills a process at each point of it: nothing is lost,
// the next one goes on, and in the end it says that the old key can go.
func TestTheChangeOfKeysIsCutOff(t *testing.T) {
	t.Parallel()
	const secrets = 6
	for at := range secrets + 1 {
		t.Run(fmt.Sprintf("after %d", at), func(t *testing.T) {
			t.Parallel()
			store := &secrettest.Memory{}
			old, _ := service(t, store, secrettest.KeyA, "")
			for i := range secrets {
				put(t, old, guildA, fmt.Sprintf("K%d", i), hush)
			}
			cut, _ := service(t, &mortal{store, at}, secrettest.KeyB, secrettest.KeyA)
			if sealed, _, err := cut.Reseal(t.Context()); sealed != at || at < secrets && !errors.Is(err, errKilled) {
				t.Fatalf("sealed %d, %v", sealed, err)
			}
			// Either order of the keys opens all, whoever comes next.
			for _, keys := range [][2]string{{secrettest.KeyA, secrettest.KeyB}, {secrettest.KeyB, secrettest.KeyA}} {
				next, _ := service(t, store, keys[0], keys[1])
				for i := range secrets {
					if got := reveal(t, next, guildA, fmt.Sprintf("K%d", i)); got != hush {
						t.Errorf("K%d is %q", i, got)
					}
				}
			}
			next, lines := service(t, store, secrettest.KeyB, secrettest.KeyA)
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			done := make(chan error, 1)
			go func() { done <- next.Run(ctx) }()
			look := time.NewTicker(time.Millisecond)
			defer look.Stop()
			for lines.FilterMessageSnippet("none is needed any more").Len() == 0 {
				select {
				case <-look.C:
				case <-ctx.Done():
					t.Fatalf("it does not say that it is done: %v", lines.All())
				}
			}
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
			alone, _ := service(t, store, secrettest.KeyB, "")
			if got := reveal(t, alone, guildA, "K0"); got != hush {
				t.Errorf("with the new key alone: %q", got)
			}
		})
	}
}
