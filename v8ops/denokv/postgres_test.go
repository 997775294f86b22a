package denokv_test

import (
	"os"
	"testing"

	"github.com/flora-runtime/flora-runtime/db/dbtest"
	"github.com/flora-runtime/flora-runtime/pkg/store/postgres/postgrestest"
)

func TestMain(m *testing.M) { os.Exit(dbtest.Main(m)) }

// TestPostgres runs what Deno.Kv promises with its data in Postgres.
func TestPostgres(t *testing.T) {
	t.Parallel()
	postgrestest.Share(t)
	for name, test := range map[string]func(*testing.T){"documented": TestDocumented, "semantics": TestSemantics, "expireIn": TestExpireIn} {
		t.Run(name, test)
	}
}
