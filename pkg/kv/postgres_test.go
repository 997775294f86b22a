package kv_test

import (
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/flora-runtime/flora-runtime/db/dbtest"
	"github.com/flora-runtime/flora-runtime/pkg/kv"
	"github.com/flora-runtime/flora-runtime/pkg/store/postgres"
)

// TestPostgres runs the tests of the package on the other engine.
func TestPostgres(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]func(*testing.T){
		"set and get": TestSetAndGet, "expiration": TestExpiration, "metadata and delete": TestUpdateMetadataAndDelete,
		"refusals": TestRefusals, "list": TestList, "stores": TestStores, "sweeps": TestRunSweeps,
		"ordered": TestOrdered, "archives of ordered stores": TestArchivesHaveOrderedStores, "commits are counted": TestCommitsAreCounted, "who is told": TestWhoIsToldOfCommits,
		"quotas": TestQuotas, "quotas and expired keys": TestQuotaTakesExpiredKeysBack, "rate": TestWriteRate, "limits": TestSetLimits,
		"round trip": TestArchiveRoundTrip, "merge or replace": TestImportMergesOrReplaces, "exports": TestExportsAreFewAndBounded, "bad imports": TestBadImportsChangeNothing,
		"one moment": TestExportIsOneMoment, "import beside writers": TestImportBesideWriters, "one transfer": TestOneTransferAtATime, "slow uploads": TestSlowUploadsHoldUpNobody,
		"conditions": TestConditions, "time to live": TestTimeToLive, "all or nothing": TestWriteIsAllOrNothing, "batches": TestBatchesCountAsTheirKeys,
		"get many": TestGetMany, "get many at one moment": TestGetManySeesOneMoment, "increment": TestIncrement, "nothing is lost": TestNothingIsLostBetweenWriters,
		"refused writes": TestRefusedWritesCostNothing, "model": TestAgainstModel, "closed": TestClosedDatabaseRefuses,
	} {
		t.Run(name, test)
	}
}

// onPostgres says which engine the test is about.
func onPostgres(t *testing.T) bool { return strings.HasPrefix(t.Name(), "TestPostgres/") }

// rounds is how often something is done: briefly on Postgres, where everything
// takes longer, unless there is time.
func rounds(t *testing.T, full, brief int) int {
	if onPostgres(t) && os.Getenv("FLORA_SOAK") == "" {
		return brief
	}
	return full
}

// databases are the addresses of those that stand for a folder.
var databases sync.Map

// openDB opens storage on the engine that the test is about.
func openDB(t *testing.T, cfg kv.Config) (*kv.DB, error) {
	t.Helper()
	if !onPostgres(t) {
		return kv.Open(cfg)
	}
	folder := cfg.Dir
	if cfg.Memory {
		folder = t.Name()
	}
	address, ok := databases.Load(folder)
	if !ok {
		address = dbtest.Postgres(t)
		databases.Store(folder, address)
	}
	s, err := postgres.Open(t.Context(), postgres.Config{URL: address.(string), MaxConnections: 2}) //nolint:forcetypeassert // Set above.
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	engine, err := s.KV(t.Context(), postgres.KVConfig{MaxConnections: 4})
	if err != nil {
		t.Fatal(err)
	}
	cfg.Engine, cfg.Kept = engine, engine
	return kv.Open(cfg)
}
