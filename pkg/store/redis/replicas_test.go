package redis_test

import (
	"testing"

	"github.com/flora-runtime/flora-runtime/db/dbtest"
	"github.com/flora-runtime/flora-runtime/pkg/replica"
	"github.com/flora-runtime/flora-runtime/pkg/replica/replicatest"
	"github.com/flora-runtime/flora-runtime/pkg/store/redis"
)

// openReplicas opens the store of a bot; it is closed with the test.
func openReplicas(t *testing.T, cfg redis.Config, identity uint64) *redis.Replicas {
	t.Helper()
	s, err := redis.NewReplicas(cfg, identity)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestReplicas(t *testing.T) {
	t.Parallel()
	replicatest.Run(t, func(t *testing.T) (a, b replica.Store) {
		cfg := redis.Config{URL: dbtest.Redis(t), Prefix: dbtest.Name()}
		return openReplicas(t, cfg, 1), openReplicas(t, cfg, 1)
	})
}
