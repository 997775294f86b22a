package later_test

import (
	"os"
	"testing"

	"github.com/flora-runtime/flora-runtime/db/dbtest"
)

func TestMain(m *testing.M) { os.Exit(dbtest.Main(m)) }

// TestPostgres runs the tests of the package with messages in Postgres.
func TestPostgres(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]func(*testing.T){
		"once when handled": TestDeliveredOnceWhenHandled, "retries": TestRetriesAndTheDead, "with a process": TestNothingIsLostWithAProcess,
		"a handler": TestWaitsForAHandler, "so many at once": TestSoManyAtOnce, "ends during a look": TestAMessageThatEndsDuringALook,
	} {
		t.Run(name, test)
	}
}
