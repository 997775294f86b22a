package conduct

import "time"

// State is what a guild's script is doing.
type State string

// The states.
const (
	None        State = "none"        // Nothing is deployed, or it is not loaded.
	Loading     State = "loading"     // It is being loaded; its events wait.
	Asleep      State = "asleep"      // It is not loaded, to leave room for others; what comes for it loads it.
	Running     State = "running"     // It serves.
	Throttled   State = "throttled"   // It serves, or is loaded, after a pause only.
	Penalty     State = "penalty"     // It serves, apart from the others.
	Quarantined State = "quarantined" // It is not loaded; its events are dropped.
)

// Status is what is known of a guild's script, as the API shows it.
type Status struct {
	Guild string `json:"guild_id"`
	State State  `json:"state"`
	// Since is when the state began; nil when that is not known.
	Since    *time.Time `json:"since"`
	Revision string     `json:"revision_id,omitempty"`
	// Worker is the slot of the worker process, nil when the script is on none.
	Worker *int `json:"worker"`
	// Queued events wait for the script, in flight are those that it handles.
	Queued   int `json:"queued_events"`
	InFlight int `json:"in_flight"`
	// Dropped counts the events that came during a quarantine.
	Dropped uint64   `json:"dropped_events"`
	Strikes []Strike `json:"strikes"`
	// ApartUntil is when it may run with the others again.
	ApartUntil *time.Time `json:"apart_until,omitempty"`
}
