package kv_test

import "testing"

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
