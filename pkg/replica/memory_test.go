package replica_test

import (
	"testing"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/replica"
	"github.com/flora-runtime/flora-runtime/pkg/replica/replicatest"
)

func TestMemory(t *testing.T) {
	t.Parallel()
	replicatest.Run(t, func(*testing.T) (a, b replica.Store) {
		m := replica.NewMemory(clock.Real)
		return m, m
	})
}
