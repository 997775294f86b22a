package main

import "time"

// plan says how much is measured. The workloads are the same in all plans.
type plan struct {
	coldChildren    int // Processes that start isolates each way, in turn,
	coldStarts      int // and how many each times, after as many to warm up.
	workerdIsolates int // In the process whose cold start is measured.
	workerdRounds   int
	guilds          int // Resident ones.
	isolates        int // Resident ones in a process of their own.
	nativeChildren  int
	nativeSamples   int // Of each child.
	nativeCalls     int
	loopSamples     int
	loopCalls       int
	kvSizes         []int         // Keys of the stores that are written to.
	kvSets          int           // Of each repetition.
	contests        []int         // Guilds.
	rounds          int           // Repetitions of each contest's workloads.
	slice           time.Duration // Of one repetition.
	paced           time.Duration
	warmup          time.Duration
	fleets          []int // Deployed guilds.
	load            int   // Guilds under load,
	loadTime        time.Duration
	saves           int // Of a file, each way,
	saveRounds      int // and how often in turn.
	handovers       int // Each way.
}

var fullPlan = plan{
	coldChildren: 4, coldStarts: 40, workerdIsolates: 100, workerdRounds: 5,
	guilds: 500, isolates: 200,
	nativeChildren: 3, nativeSamples: 4, nativeCalls: 20_000, loopSamples: 7, loopCalls: 2000,
	kvSizes: []int{1_000, 100_000, 1_000_000}, kvSets: 1000,
	fleets: []int{1_000, 10_000, 100_000}, load: 10_000, loadTime: 30 * time.Second,
	contests: []int{1, 100}, rounds: 5, slice: 2 * time.Second, paced: 4 * time.Second, warmup: 3 * time.Second,
	saves: 20, saveRounds: 3, handovers: 10,
}

var quickPlan = plan{
	coldChildren: 1, coldStarts: 20, workerdIsolates: 20, workerdRounds: 3,
	guilds: 100, isolates: 50,
	nativeChildren: 1, nativeSamples: 3, nativeCalls: 10_000, loopSamples: 3, loopCalls: 500,
	kvSizes: []int{1_000, 100_000}, kvSets: 200,
	fleets: []int{1_000, 3_000}, load: 1_000, loadTime: 10 * time.Second,
	contests: []int{1, 20}, rounds: 1, slice: 1500 * time.Millisecond, paced: 2 * time.Second, warmup: 2 * time.Second,
	saves: 20, saveRounds: 1, handovers: 3,
}

const (
	// pacedRate is how many messages a second the latencies are measured at.
	pacedRate = 1000
	// ignoredRate is that of messages that no command matches: low enough that
	// no bot falls behind, and Flora, which bounds what waits for a guild, drops
	// nothing.
	ignoredRate = 5000
	// inFlight is how many messages are under way in the closed loop.
	inFlight = 64
)
