package telemetry

import (
	"os"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/procfs"
)

// State is what there is at the moment of a scrape.
type State struct {
	Workers          []Worker
	Shards           []Shard
	Guilds           int // That the bot is in.
	Queued, InFlight int // Events.
}

// Worker is one place for a worker process.
type Worker struct {
	Index   int
	PID     int // 0 when none runs, or when scripts run in this process.
	Scripts int
	Held    uint64 // Bytes that its scripts have.
	Turns   uint64 // Since the runtime began; as the worker says.
}

// Shard is one connection to Discord.
type Shard struct {
	ID        int
	Connected bool
	Latency   time.Duration // Of the last heartbeat; 0 when there was none.
}

// Present registers what is told at each scrape.
func Present(r prometheus.Registerer, state func() State) { r.MustRegister(present(state)) }

type present func() State

func gauge(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

var (
	isolates      = gauge("flora_isolate_count", "Scripts that are loaded.")
	scriptMemory  = gauge("flora_script_memory_bytes", "Memory that all loaded scripts have, heap and buffers, after their last turns.")
	workers       = gauge("flora_workers", "Worker processes that run.")
	workerScripts = gauge("flora_worker_scripts", "Scripts that a worker has.", "worker")
	workerMemory  = gauge("flora_worker_memory_bytes", "Resident memory of a worker process.", "worker")
	workerCPU     = gauge("flora_worker_cpu_seconds", "CPU time that a worker's present process has used; it begins anew with the next process.", "worker")
	workerTurns   = gauge("flora_turns_total", "Turns of scripts on a worker: entries into JavaScript, each up to the end of its microtasks.", "worker")
	queued        = gauge("flora_queued_events", "Events that wait for their scripts.")
	inFlight      = gauge("flora_in_flight_events", "Events whose handlers have not ended.")
	guilds        = gauge("flora_guilds", "Guilds that the bot is in.")
	shards        = gauge("flora_gateway_shards", "Connections to Discord's gateway that there are to be.")
	connected     = gauge("flora_gateway_connected", "1 when a connection to Discord's gateway is up.", "shard")
	heartbeat     = gauge("flora_gateway_heartbeat_seconds", "How long Discord took to answer the last heartbeat of a connection.", "shard")
)

func (present) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{isolates, scriptMemory, workers, workerScripts, workerMemory, workerCPU, workerTurns, queued, inFlight, guilds, shards, connected, heartbeat} {
		out <- d
	}
}

func (p present) Collect(out chan<- prometheus.Metric) {
	say := func(d *prometheus.Desc, v float64, labels ...string) {
		kind := prometheus.GaugeValue
		if d == workerTurns {
			kind = prometheus.CounterValue
		}
		out <- prometheus.MustNewConstMetric(d, kind, v, labels...)
	}
	s := p()
	scripts, running, held := 0, 0, uint64(0)
	for _, w := range s.Workers {
		name := strconv.Itoa(w.Index)
		scripts += w.Scripts
		held += w.Held
		say(workerScripts, float64(w.Scripts), name)
		say(workerTurns, float64(w.Turns), name)
		if memory, cpu, ok := process(w.PID); ok {
			running++
			say(workerMemory, memory, name)
			say(workerCPU, cpu, name)
		}
	}
	say(isolates, float64(scripts))
	say(scriptMemory, float64(held))
	say(workers, float64(running))
	say(queued, float64(s.Queued))
	say(inFlight, float64(s.InFlight))
	say(guilds, float64(s.Guilds))
	say(shards, float64(len(s.Shards)))
	for _, shard := range s.Shards {
		name, up := strconv.Itoa(shard.ID), 0.0
		if shard.Connected {
			up = 1
		}
		say(connected, up, name)
		say(heartbeat, shard.Latency.Seconds(), name)
	}
}

// process looks at another process.
func process(pid int) (memory, cpu float64, ok bool) {
	if pid == 0 || pid == os.Getpid() {
		return 0, 0, false
	}
	p, err := procfs.NewProc(pid)
	if err != nil {
		return 0, 0, false
	}
	stat, err := p.Stat()
	if err != nil {
		return 0, 0, false
	}
	return float64(stat.ResidentMemory()), stat.CPUTime(), true
}
