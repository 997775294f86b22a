// Package sandbox proves that a process which scripts run in can do nothing to
// the machine it is on, even when they have taken it over: it makes the system
// calls that such a process would make.
package sandbox
