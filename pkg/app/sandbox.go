package app

import (
	"github.com/flora-runtime/flora-runtime/pkg/config"
	"github.com/flora-runtime/flora-runtime/pkg/sandbox"
)

// mode says what was asked for; without processes there is no sandbox.
func (rt *runtime) mode() string {
	if rt.cfg.Runtime.Isolation == config.IsolationNone {
		return config.SandboxOff
	}
	return rt.cfg.Runtime.Sandbox
}

// details are what an operator may know about a runtime that is ready.
func (rt *runtime) details() any {
	type confinement struct {
		Mode     string         `json:"mode"`
		Features sandbox.Report `json:"features"`
	}
	features := rt.pool.Sandbox()
	if features == nil {
		features = sandbox.Report{}
	}
	type gateway struct {
		Intents []string `json:"intents"`
		Missing []string `json:"missing_intents"`
	}
	asked, missing := rt.gateway.Intents()
	return map[string]any{"sandbox": confinement{rt.mode(), features}, "gateway": gateway{asked.Names(), missing.Names()}}
}

// features are the parts of the sandbox and whether all workers have them.
func (rt *runtime) features() map[string]bool {
	out := map[string]bool{}
	report := rt.pool.Sandbox()
	for _, name := range sandbox.Features() {
		out[name] = report.Has(name)
	}
	return out
}
