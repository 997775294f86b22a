package wire

// LevelUncaught is the Level of a Log that tells of an error which nobody
// caught; pkg/isolate has the same number.
const LevelUncaught = 5

// Frames from control to a worker.
type (
	// Hello opens a connection.
	Hello struct {
		_       struct{} `cbor:",toarray"`
		Version int
		Ops     []string
		Turns   int // Turns that may run at once.
	}
	// Load starts a script. Its id must be new on the connection.
	Load struct {
		_        struct{} `cbor:",toarray"`
		Instance uint64
		Name     string // Shown in stacks.
		Source   string
		Info     string // JSON for the SDK.
		Mark     int    // Index of its word in the shared marks.
		Limits   Limits
		Env      []Variable
	}
	// SetEnv replaces what a script reads of its environment.
	SetEnv struct {
		_        struct{} `cbor:",toarray"`
		Instance uint64
		Env      []Variable
	}
	// Variable is one name of a script's environment. Of a secret the value is
	// its placeholder.
	Variable struct {
		_           struct{} `cbor:",toarray"`
		Name, Value string
		Secret      bool
	}
	// Unload stops a script; Gone answers.
	Unload struct {
		_        struct{} `cbor:",toarray"`
		Instance uint64
	}
	// Dispatch delivers an event.
	Dispatch struct {
		_        struct{} `cbor:",toarray"`
		Instance uint64
		ID       uint64
		Event    string
		Payload  []byte // JSON.
		WallMS   int64
		CPUMS    int64 // 0 is the script's own limit.
	}
	// OpResult settles an OpCall.
	OpResult struct {
		_        struct{} `cbor:",toarray"`
		Instance uint64
		Call     uint32
		OK       bool
		Result   []byte // JSON.
	}
	// Extend moves a dispatch's deadline to this many milliseconds from now.
	Extend struct {
		_        struct{} `cbor:",toarray"`
		Instance uint64
		ID       uint64
		MS       int64
	}
	// Rest is answered by Rested once the script has done all that it was sent
	// before, and has nothing to do but wait.
	Rest struct {
		_        struct{} `cbor:",toarray"`
		Instance uint64
		ID       uint64
	}
)

// Limits bound one script; see isolate.Limits for the units' meaning.
type Limits struct {
	_             struct{} `cbor:",toarray"`
	MemoryBytes   int64
	TurnMS        int64
	LoadMS        int64
	PendingOps    int
	Timers        int
	Crons         int
	LogsPerSecond int
	LogBurst      int
}

// Frames from a worker to control.
type (
	// Ready answers Hello.
	Ready struct {
		_       struct{} `cbor:",toarray"`
		Version int
		Sandbox []Feature // What the process could apply to itself.
	}
	// Feature is one part of a sandbox.
	Feature struct {
		_      struct{} `cbor:",toarray"`
		Name   string
		On     bool
		Detail string
	}
	// Settled ends a dispatch, or the load with id 1. Failure is nil when it
	// went well.
	Settled struct {
		_        struct{} `cbor:",toarray"`
		Instance uint64
		ID       uint64
		Failure  *Failure
	}
	// Failure is an error of a script.
	Failure struct {
		_                          struct{} `cbor:",toarray"`
		Name, Message, Stack, Text string
	}
	// OpCall asks for an op.
	OpCall struct {
		_        struct{} `cbor:",toarray"`
		Instance uint64
		Call     uint32
		Op       int
		Dispatch uint64
		Args     []byte // JSON.
	}
	// Log is a line of a script.
	Log struct {
		_        struct{} `cbor:",toarray"`
		Instance uint64
		Level    int
		Text     string
	}
	// Declared is a subscription, the slash commands or a cron job.
	Declared struct {
		_           struct{} `cbor:",toarray"`
		Instance    uint64
		Kind, Value string
	}
	// Hit says that a script ran into a limit, Count times. Text is for its log,
	// "" when that is told otherwise.
	Hit struct {
		_        struct{} `cbor:",toarray"`
		Instance uint64
		Limit    string
		Count    int
		Text     string
	}
	// Gone ends an instance. Lost is empty after Unload.
	Gone struct {
		_        struct{} `cbor:",toarray"`
		Instance uint64
		Lost     string
	}
	// Rested answers Rest. Next is the time of what the script waits for of the
	// clock, in nanoseconds since 1970, 0 when that is nothing.
	Rested struct {
		_        struct{} `cbor:",toarray"`
		Instance uint64
		ID       uint64
		Next     int64
	}
	// Fault says that the worker is about to end because V8 did not come back.
	Fault struct {
		_      struct{} `cbor:",toarray"`
		Reason string
	}
)
