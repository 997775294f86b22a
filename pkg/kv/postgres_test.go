package kv_test

import (
	"os"
	"testing"
)

// TestPostgres runs the tests of the package on the other engine.
func TestPostgres(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]func(*testing.T){
		"set and get": TestSetAndGet, "expiration": TestExpiration, "metadata and delete": TestUpdateMetadataAndDelete,
		"refusals": TestRefusals, "list": TestList, "stores": TestStores, "sweeps": TestRunSweeps,
		"ordered": TestOrdered, "archives of ordered stores": TestArchivesHaveOrderedStores, "who is told": TestWhoIsToldOfCommits,
		"quotas": TestQuotas, "quotas and expired keys": TestQuotaTakesExpiredKeysBack,
		"round trip": TestArchiveRoundTrip, "merge or replace": TestImportMergesOrReplaces, "exports": TestExportsAreFewAndBounded, "bad imports": TestBadImportsChangeNothing,
		"one moment": TestExportIsOneMoment, "import beside writers": TestImportBesideWriters, "one transfer": TestOneTransferAtATime,
		"conditions": TestConditions, "time to live": TestTimeToLive, "all or nothing": TestWriteIsAllOrNothing,
		"get many": TestGetMany, "get many at one moment": TestGetManySeesOneMoment, "increment": TestIncrement, "nothing is lost": TestNothingIsLostBetweenWriters,
		"model": TestAgainstModel, "closed": TestClosedDatabaseRefuses,
	} {
		t.Run(name, test)
	}
	if os.Getenv("FLORA_SOAK") == "" {
		return
	}
	for name, test := range map[string]func(*testing.T){ // What is decided above the engine.
		"rate": TestWriteRate, "limits": TestSetLimits, "slow uploads": TestSlowUploadsHoldUpNobody, "batches": TestBatchesCountAsTheirKeys,
		"refused writes": TestRefusedWritesCostNothing, "commits are counted": TestCommitsAreCounted,
	} {
		t.Run(name, test)
	}
}
